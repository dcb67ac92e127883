import csv
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest

from sciatrial.evidence import read_evidence
from sciatrial.foundation import CohortError
from sciatrial.model import sciatica_model
from sciatrial.parameters import read_prior, reference_draw
from sciatrial.population import Target, balanced_weights, plausibility_weights, read_targets, sample_patients
from sciatrial.population.plausibility import Use, cohorts_of, effective_share, measure, targets_of_rows

EVIDENCE = read_evidence()
TARGETS = read_targets(EVIDENCE)
ROWS = list(
    csv.DictReader(
        files("sciatrial.population").joinpath("tables", "plausibility.csv").read_text(encoding="utf-8").splitlines()
    )
)
GROUP = "disc_disease_before_surgery"
MINE = tuple(target for target in TARGETS if target.cohort == GROUP)


@pytest.fixture(scope="module")
def covariates():
    (cohort,) = cohorts_of(GROUP)
    draw = reference_draw(read_prior())
    return sample_patients(sciatica_model(), draw, cohort, n_patients=400, seed=5).covariates


def target(fact, statistic="mean", **changes):
    (found,) = [t for t in TARGETS if t.fact == fact and t.statistic == statistic]
    return Target.model_validate({**found.model_dump(), **changes})


def row_with(**cells):
    return [{**ROWS[0], **cells}]


def first_balanced(start, entry, means, tolerances):
    """Return what the calibration computed before it shared this: a copy, kept to compare with, bit for bit."""
    if entry.shape[1] == 0:
        return start, np.zeros(0)
    apart = entry - means
    scale = 20.0
    x, soft = apart / scale, (tolerances / scale) ** 2
    tilt = np.zeros(x.shape[1])
    log_start = np.log(start)

    def weighted(at):
        logs = log_start + x @ at
        logs -= logs.max()
        w = np.exp(logs)
        return w / w.sum()

    def dual(at):
        logs = log_start + x @ at
        top = logs.max()
        return float(top + np.log(np.exp(logs - top).sum()) + 0.5 * np.sum(soft * at**2))

    for _ in range(30):
        w = weighted(tilt)
        mean = w @ x
        gradient = mean + soft * tilt
        if np.max(np.abs(gradient)) < 1e-6:
            break
        centred = x - mean
        curvature = (centred * w[:, None]).T @ centred + np.diag(soft)
        step = np.linalg.solve(curvature, gradient)
        size, before = 1.0, dual(tilt)
        while dual(tilt - size * step) > before - 1e-4 * size * float(gradient @ step) and size > 1e-4:
            size /= 2
        tilt = tilt - size * step
    w = weighted(tilt)
    return w, (w @ x) * scale


@pytest.mark.parametrize("n_targets", [0, 1, 2, 3])
@pytest.mark.parametrize("seed", range(6))
def test_balanced_weights_are_bit_for_bit_those_of_the_calibration_before(seed, n_targets):
    luck = np.random.default_rng(seed)
    start = luck.uniform(0.1, 1, size=200)
    start /= start.sum()
    entry = luck.normal(60, 15, size=(200, n_targets))
    means, tolerances = luck.normal(60, 12, size=n_targets), luck.choice([1.0, 4.0], size=n_targets)
    here, there = (make(start, entry, means, tolerances) for make in (balanced_weights, first_balanced))
    for mine, old in zip(here, there, strict=True):
        np.testing.assert_array_equal(mine, old)


def test_balanced_weights_change_nothing_where_the_means_are_right():
    values = np.array([[40.0], [60.0], [50.0], [50.0]])
    weights, gap = balanced_weights(np.full(4, 0.25), values, np.array([50.0]), np.array([1.0]))
    np.testing.assert_allclose(weights, 0.25)
    np.testing.assert_allclose(gap, 0, atol=1e-9)


def test_balanced_weights_are_an_exponential_tilt():
    values = np.linspace(0, 100, 50)[:, None]
    weights, _ = balanced_weights(np.full(50, 0.02), values, np.array([70.0]), np.array([1.0]))
    steps = np.diff(np.log(weights))
    np.testing.assert_allclose(steps, steps[0], rtol=1e-8)
    assert steps[0] > 0


def test_every_shipped_target_has_a_number_of_the_facts_table():
    assert len(TARGETS) == len(ROWS)
    assert target("ATLAS_leg_pain_NRS_baseline").published == 52
    assert target("ATLAS_leg_pain_NRS_baseline", "sd").published == 24
    assert target("ATLAS_RMDQ_baseline", "sd").published == 5.7
    assert target("corr_EQ5D_ODI", "correlation").published == -0.77


def test_no_target_stands_twice():
    keys = [(t.fact, t.statistic, t.cohort) for t in TARGETS]
    assert len(keys) == len(set(keys))


def test_every_spread_and_every_correlation_is_held_back():
    used = {t.statistic for t in TARGETS if t.use is Use.WEIGHTS}
    assert used == {"mean", "share"}


def test_every_group_says_whom_it_means_and_whence():
    for group in {t.cohort for t in TARGETS}:
        for cohort in cohorts_of(group):
            assert cohort.meaning
            assert cohort.sources


def test_a_group_that_names_a_fact_for_age_or_sex_has_that_number():
    for t in TARGETS:
        for cohort in cohorts_of(t.cohort):
            if t.fact not in cohort.sources or t.statistic == "sd":
                continue
            ours = {"age_years": cohort.age_years.mean, "is_female": cohort.percent_female}
            assert ours.get(t.of, t.published) == t.published


def test_the_registries_of_disc_disease_are_no_herniation_so_backs_hurt_more_than_legs():
    assert target("nordic_registry_NRS_back").published > target("nordic_registry_NRS_leg").published
    assert {cohort.cause for cohort in cohorts_of(GROUP)} == {"discogenic"}


def test_weights_meet_every_target_that_they_use_within_its_distance(covariates):
    weights = plausibility_weights(covariates, MINE)
    assert weights.sum() == pytest.approx(1)
    for t in MINE:
        if t.use is Use.WEIGHTS:
            assert abs(measure(t, covariates, weights) - t.published) <= t.distance


def test_weights_move_a_mean_that_is_off(covariates):
    goal = target("nordic_registry_NRS_back", published=float(covariates["back_pain"].mean()) - 15)
    equal = np.full(len(covariates), 1 / len(covariates))
    assert abs(measure(goal, covariates, equal) - goal.published) > goal.distance
    weights = plausibility_weights(covariates, [goal])
    assert abs(measure(goal, covariates, weights) - goal.published) <= goal.distance
    assert effective_share(weights) < 1


def test_a_share_below_a_limit_is_met_too(covariates):
    goal = target("SPORT_IDH_baseline_episode_under_6_months", "share", below=24.0, published=70.0)
    weights = plausibility_weights(covariates, [goal])
    young = covariates["symptom_months"].to_numpy() < 24
    assert 100 * weights[young].sum() == pytest.approx(70, abs=10)


@pytest.mark.parametrize("unit", [1.0, 1000.0])
def test_weights_do_not_depend_on_the_unit_of_a_target(covariates, unit):
    frame = covariates.assign(back_pain=covariates["back_pain"] * unit)
    goal = target("nordic_registry_NRS_back", published=55.0 * unit, distance=5.0 * unit)
    expected = plausibility_weights(covariates, [target("nordic_registry_NRS_back", published=55.0, distance=5.0)])
    np.testing.assert_allclose(plausibility_weights(frame, [goal]), expected, rtol=1e-6)


def test_what_is_held_back_never_moves_a_weight(covariates):
    held = [t for t in MINE if t.use is Use.CHECK]
    assert held
    wild = [Target.model_validate({**t.model_dump(), "published": -999.0}) for t in held]
    used = [t for t in MINE if t.use is Use.WEIGHTS]
    expected = plausibility_weights(covariates, used)
    np.testing.assert_array_equal(plausibility_weights(covariates, [*used, *wild]), expected)


def test_without_targets_all_patients_count_alike(covariates):
    np.testing.assert_array_equal(plausibility_weights(covariates, []), np.full(400, 1 / 400))


def test_a_mean_that_no_patient_has_is_refused(covariates):
    with pytest.raises(CohortError) as raised:
        plausibility_weights(covariates, [target("nordic_registry_NRS_back", published=5.0)])
    assert "nordic_registry_NRS_back (mean of back_pain)" in str(raised.value)
    assert "5 within 7.5" in str(raised.value)


def test_weights_that_only_a_few_patients_carry_are_refused(covariates):
    goal = target("nordic_registry_NRS_back", published=float(covariates["back_pain"].min()) + 5, distance=2.0)
    with pytest.raises(CohortError, match="the weights leave the worth of"):
        plausibility_weights(covariates, [goal], least_effective_share=0.2)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"fact": "ATLAS_age_meen"}, "did you mean 'ATLAS_age_mean'?"),
        ({"cohort": "primary_care"}, "row 2, ATLAS_age_mean: cohort"),
        ({"of": "age"}, "'age' is not a known of"),
        ({"statistic": "sd", "fact": "corr_EQ5D_ODI"}, "prints no sd"),
        ({"fact": "MIC_NRS_back_leg"}, "prints no mean"),
        ({"reason": "half of nothing"}, "'half of nothing' is not a known reason"),
        ({"statistic": "sd"}, "weights use means and shares only"),
        ({"statistic": "correlation"}, "a correlation has a second score"),
        ({"beside": "leg_pain"}, "a correlation has a second score"),
        ({"at_least": "40"}, "a share has one limit"),
        ({"distance": "0"}, "greater than 0"),
    ],
)
def test_a_faulty_row_is_refused(cells, said):
    with pytest.raises(CohortError) as raised:
        targets_of_rows(row_with(**cells), EVIDENCE)
    assert said in str(raised.value)


def test_all_faulty_rows_are_told_of_at_once():
    with pytest.raises(CohortError) as raised:
        targets_of_rows(row_with(fact="nothing") + row_with(distance="-1"), EVIDENCE)
    assert len(raised.value.problems) == 2


def test_weighted_statistics_are_those_of_copied_patients():
    frame = pd.DataFrame({"leg_pain": [10.0, 30.0, 80.0], "quality_of_life": [0.9, 0.7, 0.1]})
    copies = np.array([200, 300, 500])
    many = frame.loc[np.repeat(frame.index, copies)]
    weights = copies / copies.sum()
    about = {"of": "leg_pain", "use": "check"}
    mean = target("ATLAS_leg_pain_NRS_baseline", **about)
    assert measure(mean, frame, weights) == pytest.approx(many["leg_pain"].mean())
    median = target("EQ5D5L_CLBP_median", "median", **about)
    assert 30 <= measure(median, frame, weights) <= 80
    both = target("corr_EQ5D_leg_pain", "correlation")
    assert measure(both, frame, weights) == pytest.approx(many.corr().loc["leg_pain", "quality_of_life"])


def test_the_spread_of_equal_patients_is_the_usual_standard_deviation(covariates):
    spread = target("nordic_registry_NRS_back", "sd")
    equal = np.full(len(covariates), 1 / len(covariates))
    assert measure(spread, covariates, equal) == pytest.approx(covariates["back_pain"].std(ddof=1))


def test_a_correlation_with_a_score_that_nobody_varies_is_no_number():
    frame = pd.DataFrame({"quality_of_life": [0.5, 0.6], "leg_pain": [40.0, 40.0]})
    assert np.isnan(measure(target("corr_EQ5D_leg_pain", "correlation"), frame, np.full(2, 0.5)))
