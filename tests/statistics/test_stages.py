import numpy as np
import pytest
from scipy.stats import ttest_ind_from_stats

from sciatrial.foundation import TrialError
from sciatrial.statistics import (
    Action,
    Combination,
    Direction,
    FixedFutility,
    MeanStage,
    Planned,
    Spending,
    SpendingKind,
    analyse_means,
    group_sequential_design,
)

LDOF = Spending(SpendingKind.O_BRIEN_FLEMING_TYPE)
DESIGN = group_sequential_design([0.5, 1], efficacy=LDOF, futility=FixedFutility((0.0,)))
FIRST = MeanStage(n=(30, 28), mean=(5.0, 3.9), sd=(2.0, 2.2))
SECOND = MeanStage(n=(31, 30), mean=(4.8, 3.8), sd=(2.1, 1.9))


def test_one_stage_is_an_ordinary_t_test():
    found = analyse_means(DESIGN, [FIRST])
    expected = ttest_ind_from_stats(5.0, 2.0, 30, 3.9, 2.2, 28)
    assert found.overall[0].statistic() == pytest.approx(expected.statistic)
    assert found.overall[0].df == 56


def test_stages_together_are_the_t_test_of_all_patients():
    rng = np.random.Generator(np.random.Philox(1))
    arms = [[rng.normal(m, 2.0, n) for n in (20, 25)] for m in (1.0, 0.2)]
    stages = [
        MeanStage(n=(len(a), len(b)), mean=(a.mean(), b.mean()), sd=(a.std(ddof=1), b.std(ddof=1)))
        for a, b in zip(*arms, strict=True)
    ]
    a, b = (np.concatenate(arm) for arm in arms)
    expected = ttest_ind_from_stats(a.mean(), a.std(ddof=1), len(a), b.mean(), b.std(ddof=1), len(b))
    assert analyse_means(DESIGN, stages).overall[1].statistic() == pytest.approx(expected.statistic)


@pytest.mark.parametrize("combination", Combination)
def test_swapped_arms_are_the_mirrored_trial(combination):
    swapped = [MeanStage(n=s.n[::-1], mean=s.mean[::-1], sd=s.sd[::-1]) for s in (FIRST, SECOND)]
    one = analyse_means(DESIGN, [FIRST, SECOND], combination=combination)
    other = analyse_means(DESIGN, swapped, combination=combination, direction=Direction.LOWER)
    np.testing.assert_allclose(one.z, other.z)
    np.testing.assert_allclose(one.repeated_low, -other.repeated_high)
    assert one.final.median_unbiased == pytest.approx(-other.final.median_unbiased)
    assert one.final.low == pytest.approx(-other.final.high)


@pytest.mark.parametrize("combination", Combination)
def test_a_null_on_the_end_of_a_repeated_interval_lies_on_the_bound(combination):
    found = analyse_means(DESIGN, [FIRST, SECOND], combination=combination)
    for look in (0, 1):
        moved = analyse_means(DESIGN, [FIRST, SECOND], combination=combination, null=float(found.repeated_low[look]))
        assert moved.z[look] == pytest.approx(DESIGN.efficacy_z[look], abs=1e-8)


def test_the_rules_say_what_to_do():
    assert analyse_means(DESIGN, [FIRST]).actions == (Action.CONTINUE,)
    assert analyse_means(DESIGN, [FIRST]).final is None
    worse = MeanStage(n=(30, 28), mean=(3.0, 3.9), sd=(2.0, 2.2))
    assert analyse_means(DESIGN, [worse]).actions == (Action.ACCEPT_AND_STOP,)
    better = MeanStage(n=(30, 28), mean=(7.0, 3.9), sd=(2.0, 2.2))
    assert analyse_means(DESIGN, [better]).actions == (Action.REJECT_AND_STOP,)
    assert analyse_means(DESIGN, [FIRST, SECOND]).actions[-1] is Action.REJECT


def test_without_a_plan_nothing_is_said_of_what_is_to_come():
    assert np.isnan(analyse_means(DESIGN, [FIRST]).conditional_power)
    plans = [Planned((n,), effect=1.0, sd=2.0) for n in (60, 120)]
    small, large = (analyse_means(DESIGN, [FIRST], planned=plan).conditional_power for plan in plans)
    assert 0 < small < large < 1


def test_every_stage_that_cannot_be_analysed_is_named():
    wrong = MeanStage(n=(1, 20), mean=(float("nan"), 1.0), sd=(0.0, 1.0))
    with pytest.raises(TrialError) as found:
        analyse_means(DESIGN, [FIRST, wrong, FIRST])
    for part in ("3 stages", "stage 2, n", "stage 2, sd", "stage 2, mean"):
        assert part in str(found.value)
