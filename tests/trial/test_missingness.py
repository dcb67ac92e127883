import numpy as np
import pytest
from scipy.special import expit, logit

from sciatrial.clinic import SCORES
from sciatrial.foundation import Score
from sciatrial.trial.conduct import score_column
from sciatrial.trial.missingness import MissingLuck, missing_luck, seen_visits
from tests.trial.conftest import small_design
from tests.trial.strata_and_missing import EFFECT, LOSSES, bias

LEG_PAIN = score_column(Score.LEG_PAIN)
N = 20_000


def design_of(**changes):
    return small_design(n_total=N, **changes)


def missing(probability=0.2, **changes):
    return {"missing_visits": {"probability": probability, **changes}}


def hazard(dropout_per_year=0.3, **changes):
    return {"dropout_per_year": dropout_per_year, "dropout_hazard": changes}


def constant(values):
    """Return scores that are `values` (dims ``patient``) at every occasion."""
    return np.broadcast_to(np.asarray(values, dtype=float)[:, None, None], (len(values), 4, len(SCORES)))


def seen(design, scores, assigned=None, seed=1):
    arms = np.arange(len(scores)) % 2 if assigned is None else assigned
    return seen_visits(design, arms, scores, missing_luck(design, len(scores), seed))


def share(flags, expected):
    assert flags.mean() == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / flags.size))


def test_without_dropout_and_missed_visits_everybody_is_always_seen():
    found = seen(design_of(), constant(np.full(50, 60)))
    assert found.observed.all()
    assert found.stayed.all()


def test_visits_missed_completely_at_random_have_the_stated_share_and_no_memory():
    found = seen(design_of(**missing(0.2)), constant(np.linspace(0, 100, N)))
    assert found.stayed.all()
    assert found.observed[:, 0].all()
    missed = ~found.observed[:, 1:]
    share(missed, 0.2)
    share(missed[missed[:, 0], 1], 0.2)  # whoever missed the first comes back as often
    share(missed[N // 2 :], 0.2)


def test_the_odds_of_missing_a_visit_differ_by_arm():
    found = seen(design_of(**missing(0.2, arm_odds_ratio={"saline": 3.0})), constant(np.full(N, 60)))
    share(~found.observed[::2, 1], 0.2)
    share(~found.observed[1::2, 1], 0.75 / 1.75)


@pytest.mark.parametrize("mechanism", ["at_random", "not_at_random"])
def test_the_odds_of_missing_a_visit_rise_with_the_score(mechanism):
    words = missing(0.2, mechanism=mechanism, odds_ratio_per_10_points=1.5, around=50)
    for value in (30.0, 50.0, 80.0):
        found = seen(design_of(**words), constant(np.full(N, value)))
        share(~found.observed[:, 1:], expit(logit(0.2) + np.log(1.5) * (value - 50) / 10))


def test_at_random_is_the_last_score_seen_and_not_at_random_the_unseen_one():
    scores = np.zeros((N, 4, len(SCORES)))
    scores[:, 0, LEG_PAIN], scores[:, 1, LEG_PAIN], scores[:, 2, LEG_PAIN] = 50, 80, 20

    def p(score):
        return expit(logit(0.2) + np.log(1.5) * (score - 50) / 10)

    words = {"odds_ratio_per_10_points": 1.5}
    found = seen(design_of(**missing(0.2, mechanism="at_random", **words)), scores).observed
    share(~found[:, 1], p(50))
    share(~found[found[:, 1], 2], p(80))
    share(~found[~found[:, 1], 2], p(50))
    found = seen(design_of(**missing(0.2, mechanism="not_at_random", **words)), scores).observed
    share(~found[:, 1], p(80))
    share(~found[:, 2], p(20))


@pytest.mark.parametrize("mechanism", ["at_random", "not_at_random"])
def test_the_hazard_of_leaving_rises_with_the_score(mechanism):
    words = hazard(0.3, mechanism=mechanism, ratio_per_10_points=1.4, around=50)
    for value in (30.0, 50.0, 80.0):
        found = seen(design_of(**words), constant(np.full(N, value)))
        ratio = 1.4 ** ((value - 50) / 10)
        for occasion, month in ((1, 1), (2, 3), (3, 6)):
            share(found.stayed[:, occasion], 0.7 ** (ratio * month / 12))


def test_who_leaves_before_a_visit_leaves_by_the_score_before_it_or_by_the_one_never_seen():
    scores = np.zeros((N, 4, len(SCORES)))
    scores[:, 0, LEG_PAIN], scores[:, 1, LEG_PAIN] = 50, 80
    found = seen(design_of(**hazard(0.3, ratio_per_10_points=2.0)), scores)
    share(found.stayed[:, 1], 0.7 ** (1 / 12))
    found = seen(design_of(**hazard(0.3, mechanism="not_at_random", ratio_per_10_points=2.0)), scores)
    share(found.stayed[:, 1], 0.7 ** (8 / 12))


def test_a_ratio_of_one_is_exponential_dropout():
    plain, one = (seen(design_of(dropout_per_year=0.3), constant(np.full(N, 60))),
                  seen(design_of(**hazard(0.3)), constant(np.full(N, 60))))  # fmt: skip
    np.testing.assert_array_equal(plain.stayed, one.stayed)
    luck = missing_luck(design_of(dropout_per_year=0.3), N, 1).leaving
    np.testing.assert_array_equal(plain.stayed[:, 1:], luck[:, None] <= 0.7 ** (np.array([1, 3, 6]) / 12))


def test_lack_of_effect_makes_patients_leave_once_they_judge():
    scores = np.full((N, 4, len(SCORES)), 60.0)
    scores[::4, 1:] = 42.0  # 30 % better
    words = hazard(0.3, lack_of_effect_ratio=3.0, lack_of_effect_percent=30, lack_of_effect_from_month=1)
    found = seen(design_of(**words), scores)
    share(found.stayed[:, 1], 0.7 ** (1 / 12))
    share(found.stayed[::4, 3], 0.7 ** (6 / 12))
    share(found.stayed[1::4, 3], 0.7 ** ((1 + 3 * 5) / 12))


def test_the_hazard_of_leaving_differs_by_arm():
    found = seen(design_of(**hazard(0.3, arm_ratio={"saline": 2.0})), constant(np.full(N, 60)))
    share(found.stayed[::2, 3], 0.7**0.5)
    share(found.stayed[1::2, 3], 0.7)


def test_who_has_left_is_not_seen_again():
    found = seen(design_of(dropout_per_year=0.5, **missing(0.3)), constant(np.full(N, 60)))
    assert (np.diff(found.stayed.astype(int), axis=1) <= 0).all()
    assert not (found.observed & ~found.stayed).any()


def test_luck_does_not_depend_on_how_many_follow():
    design = design_of(dropout_per_year=0.5, **missing(0.3))
    few, many = missing_luck(design, 30, 4), missing_luck(design, 300, 4)
    np.testing.assert_array_equal(few.leaving, many.leaving[:30])
    np.testing.assert_array_equal(few.visits, many.visits[:30])


def test_trials_side_by_side_are_the_trials_one_by_one():
    design = design_of(
        **hazard(0.5, ratio_per_10_points=1.4, lack_of_effect_ratio=2),
        **missing(0.3, mechanism="at_random", odds_ratio_per_10_points=1.3),
    )
    generator = np.random.default_rng(3)
    scores, assigned = generator.uniform(0, 100, (5, 40, 4, len(SCORES))), generator.integers(0, 2, (5, 40))
    luck = MissingLuck(generator.uniform(size=(5, 40)), generator.uniform(size=(5, 40, 3)))
    together = seen_visits(design, assigned, scores, luck)
    for trial in range(5):
        alone = seen_visits(
            design, assigned[trial], scores[trial], MissingLuck(luck.leaving[trial], luck.visits[trial])
        )
        np.testing.assert_array_equal(together.stayed[trial], alone.stayed)
        np.testing.assert_array_equal(together.observed[trial], alone.observed)


AT_RANDOM, BY_LAST_SEEN, BY_UNSEEN, DROPOUT = LOSSES.values()


@pytest.mark.parametrize("analysis", ["ancova", "mmrm"])
def test_visits_missed_completely_at_random_bias_neither_analysis(analysis):
    found, error, seen_share = bias(analysis, AT_RANDOM)
    assert seen_share == pytest.approx(0.6, abs=0.01)
    assert abs(found) < 4 * error


@pytest.mark.parametrize("loss", [BY_LAST_SEEN, DROPOUT], ids=["missed visits", "dropout"])
def test_what_depends_on_the_last_score_seen_biases_the_ancova_and_not_the_mmrm(loss):
    found, error, _ = bias("ancova", loss)
    assert found > 4 * error  # towards no effect: more of the control arm, which is in more pain, is not seen
    found, error, _ = bias("mmrm", loss)
    assert abs(found) < 4 * error


@pytest.mark.parametrize("analysis", ["ancova", "mmrm"])
def test_visits_missed_by_the_unseen_score_bias_both_analyses(analysis):
    found, error, _ = bias(analysis, BY_UNSEEN)
    assert found > 5 * error
    assert found > 0.05 * abs(EFFECT)


@pytest.mark.parametrize(
    ("words", "key", "told"),
    [
        (missing(0.2, arm_odds_ratio={"cell": 2}), "missing_visits.arm_odds_ratio.cell", "one of cells, saline"),
        (missing(0.2, odds_ratio_per_10_points=2), "missing_visits.odds_ratio_per_10_points", "choose at_random"),
        (missing(0.2, score="quality_of_life"), "missing_visits.score", "worse above"),
        (missing(0.95), "missing_visits.probability", "0.9"),
        (hazard(0.2, arm_ratio={"cell": 2}), "dropout_hazard.arm_ratio.cell", "one of cells, saline"),
        (hazard(0.0, ratio_per_10_points=2), "dropout_hazard", "dropout_per_year is 0"),
        (hazard(0.2, score="quality_of_life"), "dropout_hazard.score", "worse above"),
        (
            hazard(0.2, mechanism="completely_at_random", ratio_per_10_points=2),
            "dropout_hazard.mechanism", "delete the ratios",
        ),
    ],
)  # fmt: skip
def test_missingness_that_cannot_be_is_named(words, key, told):
    with pytest.raises(ValueError, match=told) as caught:
        small_design(**words)
    assert key in str(caught.value)


def test_the_plan_counts_with_the_share_that_is_seen():
    design = small_design(n_total=100, dropout_per_year=0.36, **missing(0.25))
    assert design.share_seen(6) == pytest.approx(0.8 * 0.75)
    assert design.expected_endpoints() == {"cells": pytest.approx(30), "saline": pytest.approx(30)}
