"""Arms are made up of patients whom trials would enrol, and what is printed is asked of them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.calibration.small import small_evidence

import sciatrial as sct
from sciatrial.calibration.arms_simulated import (
    MAIN_PAIN,
    Sizes,
    _duration_weights,
    enrolling_cohort,
    forward,
    plan_arms,
    usual_pain,
)
from sciatrial.calibration.terms import TermKind, likelihood_terms
from sciatrial.evidence import EntryDuration
from sciatrial.foundation import Cause
from sciatrial.parameters import read_prior, reference_draw

SIZES = Sizes(herniation=300, discogenic=250, other=120)


@pytest.fixture(scope="module")
def plan():
    return plan_arms(likelihood_terms(small_evidence()))


@pytest.fixture(scope="module")
def run(plan):
    draw = reference_draw(read_prior()).one(0)
    return forward(sct.sciatica_model(), plan, draw, seed=3, sizes=SIZES)


def test_every_number_is_predicted(plan, run):
    assert run.values.shape == (len(plan),)
    assert np.isfinite(run.values).all()


def test_shares_lie_between_none_and_all(plan, run):
    shares = (plan.terms.rows["kind"] == TermKind.SHARE).to_numpy()
    assert shares.any()
    told = run.values[: len(plan.terms)][shares]
    assert ((told >= 0) & (told <= 100)).all()


def test_the_mean_at_entry_is_the_printed_one(run):
    assert np.median(run.gap) < 1.5


def test_the_same_seed_gives_the_same_numbers_on_one_thread_or_two(plan, run):
    draw = reference_draw(read_prior()).one(0)
    again = forward(sct.sciatica_model(), plan, draw, seed=3, sizes=SIZES, threads=1)
    assert np.array_equal(run.values, again.values)


def test_without_any_effect_of_cells_or_fluid_two_disc_injections_are_one_another(plan, run):
    # the reference draw leaves every effect out: carrier with or without cells, the same patients, the same luck
    rows = plan.terms.rows
    mine = rows[(rows["study_id"] == "amirdelfan2021") & (rows["kind"] == TermKind.CHANGE)]
    by_arm = dict(zip(mine["arm_id"], run.values[mine.index], strict=True))
    assert by_arm["mpc_6m"] == pytest.approx(by_arm["mpc_18m"], abs=2.5)
    assert by_arm["ha"] == pytest.approx(by_arm["saline"], abs=2.5)


def test_more_cells_effect_means_less_pain_in_the_arm_with_cells_alone(plan, run):
    draw = reference_draw(read_prior(), included=("cell_disc_resolution",)).one(0)
    strong = forward(sct.sciatica_model(), plan, draw, seed=3, sizes=SIZES)
    rows = plan.terms.rows
    mine = rows[(rows["study_id"] == "amirdelfan2021") & (rows["kind"] == TermKind.CHANGE)]
    moved = dict(zip(mine["arm_id"], (strong.values - run.values)[mine.index], strict=True))
    assert moved["mpc_18m"] < -1
    assert moved["saline"] == 0


def test_cells_that_do_nothing_are_the_same_arm_without_any_mechanism(plan, run):
    twins = run.values[plan.n_observed :]
    assert np.array_equal(twins, run.values[plan.of_cells])  # the reference draw leaves every effect out
    draw = reference_draw(read_prior(), included=("cell_disc_resolution",)).one(0)
    strong = forward(sct.sciatica_model(), plan, draw, seed=3, sizes=SIZES)
    assert np.array_equal(strong.values[plan.n_observed :], twins)
    assert not np.array_equal(strong.values[plan.of_cells], twins)


def test_a_difference_is_that_of_the_changes_of_two_arms(plan, run):
    rows = plan.terms.rows
    mine = rows[(rows["study_id"] == "korea_ldh2021") & (rows["score"] == "leg_pain") & (rows["kind"] == "change")]
    first, second = mine[mine["month"] == mine["month"].min()].index
    made = rows.loc[[first]].assign(kind="difference", versus=int(rows.loc[second, "arm"]))
    more = replace(plan.terms, rows=pd.concat([rows, made], ignore_index=True))
    again = forward(sct.sciatica_model(), plan_arms(more), reference_draw(read_prior()).one(0), seed=3, sizes=SIZES)
    assert again.values[len(rows)] == pytest.approx(run.values[first] - run.values[second])
    assert again.values[len(rows)] != 0


def weights_for(months, let_in, duration=None):
    arm = replace(plan_arms(likelihood_terms(small_evidence())).causes[0].arms[0], duration_months=duration,
                  let_in=let_in)  # fmt: skip
    return _duration_weights(np.log(months), arm, Cause.HERNIATION, 0.0)


@pytest.mark.parametrize(
    ("let_in", "least", "most"),
    [(EntryDuration(6.0, None), 5.0, 48.0), (EntryDuration(None, 0.5), 0.1, 0.7), (EntryDuration(1.0, 3.0), 0.75, 4.0)],
)
def test_whom_a_trial_did_not_let_in_hardly_counts(let_in, least, most):
    months = np.exp(np.random.default_rng(1).uniform(np.log(0.1), np.log(48), 3000))
    weights = weights_for(months, let_in)
    assert weights[(months > least) & (months < most)].sum() > 0.9


def test_a_trial_that_says_only_from_when_on_enrols_well_beyond_that():
    months = np.exp(np.random.default_rng(1).uniform(np.log(0.1), np.log(48), 3000))
    mean = [weights_for(months, EntryDuration(shortest, None)) @ months for shortest in (None, 1.0, 6.0)]
    assert mean[0] == pytest.approx(mean[1], rel=0.1)  # most are beyond a month anyway
    assert 12 < mean[2] < 30


def test_a_printed_mean_is_the_mean_whoever_was_let_in():
    months = np.exp(np.random.default_rng(1).uniform(np.log(0.1), np.log(48), 3000))
    assert weights_for(months, EntryDuration(None, None), 6.0) @ months == pytest.approx(6.0, rel=0.15)


@pytest.mark.parametrize(("cause", "printed"), [(Cause.HERNIATION, 16.4), (Cause.DISCOGENIC, 96.0)])
def test_the_mean_duration_that_is_enrolled_is_the_printed_one_and_so_is_the_baseline(plan, cause, printed):
    place = next(place for place, of_cause in enumerate(plan.causes) if of_cause.cause is cause)
    causes = list(plan.causes)
    causes[place] = replace(causes[place], arms=tuple(replace(a, duration_months=printed) for a in causes[place].arms))
    draw = reference_draw(read_prior()).one(0)
    run = forward(sct.sciatica_model(), replace(plan, causes=tuple(causes)), draw, seed=3, sizes=SIZES)
    mine = [arm.arm for arm in causes[place].arms]
    others = np.setdiff1d(np.arange(len(plan.terms.arms)), mine)
    assert run.months[mine] == pytest.approx(printed, rel=0.02)
    assert np.median(run.gap[mine]) < 2
    assert not np.any(np.isclose(run.months[others], printed, rtol=0.02))


def test_a_baseline_out_of_reach_is_told_by_its_gap(plan):
    baselines = plan.terms.baselines.copy()
    place = int(baselines.loc[baselines["is_own"].astype(bool), "arm"].iloc[0])
    hit = baselines["arm"] == place
    baselines.loc[hit, "mean"] = 99.9
    far = plan_arms(replace(plan.terms, baselines=baselines))
    draw = reference_draw(read_prior()).one(0)
    run = forward(sct.sciatica_model(), far, draw, seed=3, sizes=SIZES)
    assert run.gap[place] > 3
    assert run.effective_size[place] < 30


def test_who_hurts_too_little_is_in_no_trial():
    for cause in Cause:
        cohort = enrolling_cohort(cause)
        assert cohort.eligible == {MAIN_PAIN[cause]: (30.0, 100)}


def test_a_cause_without_printed_pain_takes_the_mean_of_all(plan):
    usual = usual_pain(plan.terms)
    told = plan.terms.baselines
    own = told[told["is_own"].astype(bool) & told["score"].isin([str(MAIN_PAIN[c]) for c in Cause])]
    main = [row.mean for row in own.itertuples() if row.score == MAIN_PAIN[plan.terms.arms[row.arm].cause]]
    assert usual[Cause.PIRIFORMIS] == pytest.approx(np.mean(main))


def test_sizes_scale_together():
    assert Sizes().times(0.5).herniation == Sizes().herniation / 2
    assert Sizes().of(Cause.STENOSIS) == Sizes().other
