"""What a calibration is in words: never 0 or 100 %, as printed, and with what may not be claimed."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sciatrial.calibration import ABOUT_CELLS, Terms
from sciatrial.foundation import fingerprint
from sciatrial.report import calibration_tables as tables
from tests.calibration.small import small_fit
from tests.report.fits import made_validation


@pytest.fixture(scope="module")
def fit():
    return small_fit()


def converged(fit):
    """Return the fit as if every check held."""
    posterior = replace(fit.posterior, checks=fit.posterior.checks.assign(holds=True))
    return replace(fit, posterior=posterior)


def terms_of(**words) -> Terms:
    row = {"score": "leg_pain", "cause": "herniation", "is_cells": True, "is_controlled": True, **words}
    return Terms(pd.DataFrame([row]), (), pd.DataFrame(), pd.DataFrame())


@pytest.mark.parametrize(
    ("share", "told"), [(0.0, "under 1 %"), (1.0, "over 99 %"), (0.426, "43 %"), (np.nan, "–"), (0.006, "1 %")]
)
def test_a_probability_that_was_sampled_is_never_none_or_certain(share, told):
    assert tables.percent(share) == told


def test_a_fit_that_failed_says_so_before_anything_else(fit):
    assert tables.findings(fit)[0].startswith("NOT CONVERGED")
    assert "R-hat" in tables.findings(fit)[0]
    assert not any("NOT CONVERGED" in sentence for sentence in tables.findings(converged(fit)))


def test_the_probability_of_no_cell_effect_is_told_before_and_after(fit):
    sentence = tables.findings(converged(fit))[0]
    after = tables.percent(fit.posterior.probability_of_no_cell_effect)
    assert sentence.endswith(f"was 6 % before the data and is {after} after.")


def test_four_mechanisms_that_are_each_a_coin_leave_a_sixteenth_for_none(fit):
    assert tables.no_effect_before(fit.posterior.effects) == pytest.approx(1 / 16)


def test_leg_pain_is_never_claimed_without_controlled_data(fit):
    told = tables.findings(fit)
    assert any(sentence.endswith("This is no claim for leg pain: no controlled data.") for sentence in told)
    rows = tables.answers_table(fit)
    leg = rows["question"].str.contains("leg pain")
    assert set(rows.loc[leg, "claim"]) == {tables.NO_LEG_PAIN_CLAIM}
    assert tables.NO_LEG_PAIN_CLAIM not in set(rows.loc[~leg, "claim"])


@pytest.mark.parametrize(
    ("words", "is_controlled"),
    [({}, True), ({"is_controlled": False}, False), ({"is_cells": False}, False), ({"score": "back_pain"}, False),
     ({"cause": "discogenic"}, False)],
)  # fmt: skip
def test_a_controlled_trial_of_leg_pain_lifts_the_bar(words, is_controlled):
    assert tables.leg_pain_is_controlled(terms_of(**words)) is is_controlled
    assert (tables.claim_words("cells, leg pain", terms_of(**words)) == "") is is_controlled


def test_beside_an_answer_stands_what_is_left_without_each_trial(fit):
    told = next(sentence for sentence in tables.findings(fit, made_validation()) if "marrow" in sentence)
    assert "Without one trial at a time it is −6.0 to −1.0" in told


def test_without_a_validation_an_answer_is_no_claim(fit):
    told = next(sentence for sentence in tables.findings(fit) if "marrow" in sentence)
    assert told.endswith("without that it is no claim.")


def test_the_table_of_trials_left_out_has_a_row_a_trial_and_one_for_all():
    left = made_validation().without_trial
    table = tables.without_trial_table(left, str(left["question"].iloc[0]))
    assert table["without"].tolist() == ["none: all studies", "amirdelfan2021", "noriega2017"]
    assert table["difference, points"].tolist() == ["−4.0", "−1.0", "−6.0"]


def test_a_validation_tells_coverage_and_the_error_beside_that_of_baselines(fit):
    told = " ".join(tables.findings(fit, made_validation()))
    assert "the 90 % intervals hold" in told
    assert "by the mechanism; pooled mean" in told


def test_printed_spreads_are_told_as_printed_and_not_as_logarithms(fit):
    numbers = tables.numbers_of(fit)
    spreads = numbers[numbers["kind"] == "sd"]
    logs = fit.calibration.terms.rows.query("kind == 'sd'")["observed"]
    assert np.allclose(spreads["observed"], np.exp(logs))
    assert set(spreads["unit"]) == {"standard deviation, points of 100"}


def test_intervals_of_responders_stay_between_none_and_all(fit):
    numbers = tables.numbers_of(fit)
    shares = numbers[numbers["kind"] == "share"]
    assert (shares["low"] >= 0).all()
    assert (shares["high"] <= 100).all()
    assert ((numbers["low"] <= numbers["observed"]) & (numbers["observed"] <= numbers["high"])).all()


def test_facts_are_told_in_the_unit_in_which_they_are_printed(fit):
    facts = tables.fact_table(fit.predictive, fit.calibration.facts.rows)
    percent = facts[facts["unit"] == "percent"]
    assert len(facts) == len(fit.calibration.facts.rows)
    assert percent[["printed", "predicted", "low", "high"]].stack().between(0, 100).all()
    assert (facts["low"] <= facts["high"]).all()


def test_rows_that_were_not_used_are_counted_by_reason():
    unused = pd.DataFrame({"reason": ["no_n", "baseline", "no_n"], "arm_id": "a", "study_id": ["x", "x", "y"]})
    assert tables.unused_table(unused).to_dict("records") == [
        {"reason": "no n", "rows": 2, "studies": 2}, {"reason": "baseline", "rows": 1, "studies": 1},
    ]  # fmt: skip
    assert tables.unused_table(unused.head(0)).empty


def test_coefficients_of_the_discrepancy_come_largest_first(fit):
    posterior = fit.posterior
    table = tables.discrepancy_table(posterior, np.ones(len(posterior.columns)))
    sizes = [abs(float(text.replace("−", "-"))) for text in table["points"]]
    assert sizes == sorted(sizes, reverse=True)
    assert len(table) == len(posterior.columns)


def test_every_kind_of_number_has_its_coverage(fit):
    table = tables.coverage_table(fit)
    assert table["kind"].iloc[0] == "All"
    assert table["numbers"].iloc[0] == table["numbers"].iloc[1:].sum() == len(fit.predictive)


def test_the_share_of_the_discrepancy_is_told_for_each_cause_and_score(fit):
    table = tables.discrepancy_shares(fit)
    assert {"Discogenic", "Herniation"} <= set(table["cause"])


def test_lines_for_a_terminal_hold_every_check_and_every_effect(fit):
    text = "\n".join(tables.posterior_lines(fit.posterior))
    assert text.startswith("NOT CONVERGED")
    assert all(check in text for check in fit.posterior.checks["check"])
    assert "No effect of cells at all: 6 % to" in text


def test_nothing_about_cells_stands_without_its_mark(fit):
    assert ABOUT_CELLS in "\n".join(tables.posterior_lines(fit.posterior))
    assert ABOUT_CELLS in tables.findings(fit)


def test_lines_of_answers_tell_each_fit_once_for_each_question(fit):
    text = "\n".join(tables.answer_lines(fit))
    assert text.count("Reference fit:") == fit.cells["question"].nunique()
    assert text.count("sham") == 0
    assert f"leg pain, month 12: {tables.NO_LEG_PAIN_CLAIM}" in text


def test_numbers_are_listed_the_best_known_first(fit):
    told = tables.parameter_words(fit.posterior.parameters)
    best = fit.posterior.parameters.sort_values("contraction", ascending=False)["key"].iloc[0]
    assert told["number"].iloc[0] == best


@pytest.mark.parametrize(
    ("name", "told"),
    [("reference", "Reference fit"), ("prior 0.16", "Sceptical prior, 0.16"), ("prior", "Prior"), ("own", "own")],
)
def test_fits_have_names_for_readers(name, told):
    assert tables.fit_words(name) == told


def test_keys_are_written_for_readers():
    assert tables.key_words("uc_msc.neurotrophic_cell_factor") == "UC MSC: neurotrophic cell factor"


def test_telling_changes_nothing_of_the_fit(fit):
    before = fingerprint([fit.predictive, fit.cells, fit.posterior])
    tables.findings(fit)
    tables.numbers_of(fit)
    tables.answers_table(fit)
    assert fingerprint([fit.predictive, fit.cells, fit.posterior]) == before


def test_an_answer_that_rests_on_too_few_draws_says_so():
    assert tables.pareto_words(0.42) == "0.42"
    assert tables.pareto_words(0.91) == "0.91, TOO FEW DRAWS"
    assert tables.pareto_words(None) == tables.pareto_words(float("nan")) == "–"


def test_draws_at_which_the_simulator_failed_are_told_and_a_dash_where_nobody_counted():
    assert tables.failed_words({"n_failed": 0.0, "n_draws": 900}) == "0 of 900"
    assert tables.failed_words({"n_failed": 12, "n_draws": 300}) == "12 of 300"
    assert tables.failed_words({}) == tables.failed_words({"n_failed": float("nan"), "n_draws": 300.0}) == "–"
