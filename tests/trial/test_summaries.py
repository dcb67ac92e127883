import numpy as np
import pandas as pd
import pytest

from sciatrial.trial.summaries import COULD_NOT_ENROL, mean_of, quantile_of, share_of, stopping_by_look, summarise

NO = float("nan")

# estimate, truth, standard error, lower and upper limit, p: the last could not be estimated
FIVE = [
    (-10.0, -8.0, 3.0, -16.0, -4.0, 0.001),  # success, covered, error −2
    (-6.0, -8.0, 3.0, -12.0, 0.0, 0.050),  # p is alpha, which is no rejection; covered, error +2
    (9.0, -1.0, 4.0, 1.0, 17.0, 0.020),  # rejection in favour of the control; not covered, error +10
    (-9.0, -3.0, 2.0, -13.0, -5.0, 0.0001),  # success, not covered, error −6
    (NO, -5.0, NO, NO, NO, NO),
]


def trials_of(rows, scenario="prior", why_not="the endpoint does not vary"):
    """Return one row a trial, as a batch keeps them."""
    names = ("estimate", "truth", "standard_error", "ci_low", "ci_high", "p_value")
    frame = pd.DataFrame(rows, columns=list(names), dtype=float)
    shown = np.where(frame["estimate"] < 0, "efficacy", "other_direction")
    words = {"scenario": scenario, "trial": range(len(rows)), "comparison": "cells vs saline"}
    adjusted = {
        "adjusted_estimate": frame["estimate"],
        "adjusted_low": frame["ci_low"],
        "adjusted_high": frame["ci_high"],
        "final_estimate": frame["estimate"] + 1,
        "final_ci_low": frame["ci_low"] + 1,
        "final_ci_high": frame["ci_high"] + 1,
    }
    return frame.assign(
        **words, **adjusted, why_not=np.where(frame["estimate"].isna(), why_not, ""),
        decision=np.where(frame["p_value"] < 0.05, shown, "ended"), n_randomised=24, months=NO, n_overrun=0, final_z=NO,
        efficacy_z=2.8, final_efficacy_z=1.96, truth_error=0.1, true_effect="unknown", cost=NO,
    )  # fmt: skip


@pytest.fixture(scope="module")
def summary():
    return summarise(trials_of(FIVE)).set_index("quantity")


@pytest.mark.parametrize(
    ("quantity", "value", "error", "n"),
    [
        ("success", 2 / 5, np.sqrt(0.4 * 0.6 / 5), 5),
        ("rejection", 3 / 5, np.sqrt(0.6 * 0.4 / 5), 5),
        # errors −2, 2, 10, −6: mean 1, squares about it 9 + 1 + 81 + 49 = 140
        ("bias", 1.0, np.sqrt(140 / 3) / 2, 4),
        ("coverage", 2 / 4, np.sqrt(0.5 * 0.5 / 4), 4),
        # truths −8, −8, −1, −3, −5: mean −5, squares about it 9 + 9 + 16 + 4 + 0 = 38
        ("mean_truth", -5.0, np.sqrt(38 / 4) / np.sqrt(5), 5),
        # standard errors 3, 3, 4, 2: mean 3, squares about it 0 + 0 + 1 + 1 = 2
        ("mean_standard_error", 3.0, np.sqrt(2 / 3) / 2, 4),
        ("final_bias", 2.0, np.sqrt(140 / 3) / 2, 4),
        # errors −1, 3, 11, −5
        ("final_root_mean_square_error", np.sqrt(39), np.std([1, 9, 121, 25], ddof=1) / 2 / (2 * np.sqrt(39)), 4),
        ("final_coverage", 2 / 4, 0.25, 4),
        ("not_estimable", 1, NO, 5),
        ("not_enrolled", 0, NO, 5),
        # the 2.5 % point of five sorted truths lies a tenth of the way from the first to the second
        ("truth_low", -8.0, NO, 5),
        ("truth_high", -3 + 0.9 * 2, NO, 5),
    ],
)
def test_a_characteristic_equals_the_sum_done_by_hand(summary, quantity, value, error, n):
    row = summary.loc[quantity]
    assert row["value"] == pytest.approx(value)
    assert row["monte_carlo_se"] == pytest.approx(error, nan_ok=True)
    assert row["n_trials"] == n


def test_trials_that_could_not_enrol_are_counted_and_left_out_of_all_shares(summary):
    nobody = trials_of([(NO,) * 6] * 3, why_not=COULD_NOT_ENROL)
    both = pd.concat([trials_of(FIVE), nobody], ignore_index=True)
    mixed = summarise(both).set_index("quantity")
    assert mixed.loc["not_enrolled", "value"] == 3
    assert mixed.loc["not_enrolled", "n_trials"] == 8
    others = [name for name in mixed.index if name != "not_enrolled"]
    pd.testing.assert_frame_equal(mixed.loc[others], summary.loc[others])


def test_when_no_trial_could_enrol_every_share_is_empty():
    nobody = trials_of([(NO,) * 6] * 3, why_not=COULD_NOT_ENROL)
    summary = summarise(nobody).set_index("quantity")
    assert summary.loc["not_enrolled", "value"] == 3
    assert np.isnan(summary.loc[["success", "rejection", "bias", "coverage", "mean_truth"], "value"]).all()
    assert summary.loc["success", "n_trials"] == 0


def test_one_trial_has_no_error_of_its_bias():
    summary = summarise(trials_of(FIVE[:1])).set_index("quantity")
    assert summary.loc["bias", "value"] == -2
    assert np.isnan(summary.loc["bias", "monte_carlo_se"])


def test_each_scenario_and_comparison_is_summarised_by_itself():
    other = trials_of(FIVE[:2]).assign(comparison="cells vs sham")
    reference = trials_of(FIVE[:1], scenario="reference")
    joined = pd.concat([trials_of(FIVE), other, reference], ignore_index=True)
    success = summarise(joined).query("quantity == 'success'")
    assert success["n_trials"].tolist() == [5, 2, 1]
    assert success["value"].tolist() == [0.4, 0.5, 1.0]


def test_errors_are_squared_summed_and_rooted(summary):
    # errors −2, 2, 10, −6: mean square 36, whose spread is that of 4, 4, 100, 36
    row = summary.loc["root_mean_square_error"]
    assert row["value"] == pytest.approx(6.0)
    assert row["monte_carlo_se"] == pytest.approx(np.std([4, 4, 100, 36], ddof=1) / 2 / 12)


def test_a_finding_that_the_overrun_takes_back_is_counted():
    trials = trials_of(FIVE).assign(
        final_z=[2.5, 0.0, 0.0, 1.5, NO], decision=["efficacy", "ended", "ended", "efficacy", "ended"]
    )
    assert summarise(trials).set_index("quantity").loc["reversed_by_overrun", "value"] == 1 / 5


def looks_of(rows):
    """Return rows of trial, look, decision for one comparison."""
    frame = pd.DataFrame(rows, columns=["trial", "look", "decision"])
    means = {"information": 0.5 * frame["look"], "month": 6.0 * frame["look"], "n_recruited": 12, "efficacy_z": 2.8}
    return frame.assign(scenario="prior", comparison="cells vs saline", futility_z=NO, **means)


def test_what_happens_at_a_look_is_a_share_of_all_trials():
    looks = looks_of(
        [(0, 1, "efficacy"), (1, 1, "continue"), (1, 2, "efficacy"), (2, 1, "futility"), (3, 1, "continue"),
         (3, 2, "ended"), (4, 2, "ended")]
    )  # fmt: skip
    found = stopping_by_look(looks, trials_of(FIVE)).set_index(["look", "quantity"])["value"]
    assert found[1, "reached"] == 4 / 5
    assert found[1, "efficacy"] == found[1, "futility"] == 1 / 5
    assert found[2, "reached"] == 3 / 5
    assert found[2, "success_so_far"] == 2 / 5
    assert found[2, "month"] == 12
    assert np.isnan(found[1, "futility_z"])


def test_without_a_look_there_is_nothing_to_tell():
    assert not len(stopping_by_look(pd.DataFrame(), trials_of([(NO,) * 6], why_not=COULD_NOT_ENROL)))


@pytest.mark.parametrize("flags", [np.zeros(20, bool), np.ones(20, bool)])
def test_a_share_of_none_or_all_still_has_an_error(flags):
    assert 0.03 < share_of(flags)[1] < 0.06


def test_nothing_has_neither_share_nor_mean():
    assert np.isnan(share_of(np.array([]))[0])
    assert np.isnan(mean_of(np.array([]))[0])


@pytest.mark.parametrize("share", [0.025, 0.975])
def test_the_error_of_a_quantile_is_how_much_it_moves_from_sample_to_sample(share):
    samples = np.random.default_rng(3).normal(size=(2000, 400))
    found = np.array([quantile_of(sample, share)[:2] for sample in samples])
    assert found[:, 1].mean() == pytest.approx(found[:, 0].std(), rel=0.1)


def test_few_values_tell_no_error_of_an_outer_quantile():
    assert np.isnan(quantile_of(np.arange(38.0), 0.025)[1])
    assert np.isfinite(quantile_of(np.arange(40.0), 0.025)[1])


def test_cost_and_right_decisions_are_told_only_where_they_are_known(summary):
    assert not {"expected_cost", "right_decision"} & set(summary.index)


KINDS = ["matters", "between", "none", "matters", "none"]  # of FIVE, of which the first and the fourth are successes


@pytest.mark.parametrize(
    ("quantity", "value", "n"),
    [
        # shown and matters; between, left out; none and a harm shown that is none; shown and matters; none, no estimate
        ("right_decision", 3 / 4, 4),
        ("shown_where_it_matters", 1.0, 2),
        ("not_shown_where_none", 1 / 2, 2),
        ("shown_in_between", 0.0, 1),
        ("truth_matters", 2 / 5, 5),
        ("truth_none", 2 / 5, 5),
        ("truth_between", 1 / 5, 5),
        ("expected_cost", 300.0, 5),
    ],
)
def test_decisions_and_cost_equal_the_count_done_by_hand(quantity, value, n):
    rows = trials_of(FIVE).assign(true_effect=KINDS, cost=[100.0, 200.0, 300.0, 400.0, 500.0])
    row = summarise(rows).set_index("quantity").loc[quantity]
    assert row["value"] == pytest.approx(value)
    assert row["n_trials"] == n
    assert row["monte_carlo_se"] > 0


def test_a_benefit_shown_where_there_is_none_is_wrong():
    rows = trials_of(FIVE).assign(true_effect="none")
    # two benefits and a harm are shown
    assert summarise(rows).set_index("quantity").loc["right_decision", "value"] == 2 / 5


def test_of_a_principal_stratum_the_truth_with_luck_of_their_own_is_told_beside_the_other():
    beside = {"truth_independent_luck": [-6.0, -6, -1, -3, -5], "truth_independent_luck_error": 0.2,
              "stratum": 0.5, "stratum_independent_luck": 0.4}  # fmt: skip
    rows = summarise(trials_of(FIVE).assign(**beside)).set_index("quantity")
    assert rows.loc["stratum", "value"] == pytest.approx(0.5)
    assert rows.loc["truth_independent_luck", "value"] == pytest.approx(-4.2)
    # errors −4, 0, 10, −6 of those that were estimated
    assert rows.loc["bias_independent_luck", "value"] == pytest.approx(0.0)
    assert rows.loc["bias", "value"] == pytest.approx(1.0)
    assert rows.loc["coverage_independent_luck", "value"] == pytest.approx(0.5)
    assert "stratum" not in set(summarise(trials_of(FIVE))["quantity"])


def test_a_harm_is_rightly_shown_where_there_is_one_and_wrongly_where_there_is_none():
    rows = trials_of(FIVE).assign(true_effect="none", decision="other_direction", truth_error=0.1)
    estimate = rows["estimate"].to_numpy(dtype=float)
    for truth, right in ((estimate / 2, 1.0), (-estimate / 2, 0.0), (0 * estimate, 0.0)):
        told = summarise(rows.assign(truth=np.where(np.isfinite(truth), truth, 0.0)))
        value = told.set_index("quantity").loc["not_shown_where_none", "value"]
        assert value == pytest.approx(right * np.isfinite(estimate).mean())
