import numpy as np
import pytest

from sciatrial.trial import run_trial
from sciatrial.trial.analysis import fits_of
from sciatrial.trial.in_course import InCourse
from sciatrial.trial.platform_course import NEVER_OPEN, patients_compared, platform_course, platform_trials
from sciatrial.trial.platform_trial import Controls
from tests.trial.adaptation_over_time import mean_and_error, platform_design, simulated
from tests.trial.conftest import CELLS, SALINE, small_design
from tests.trial.invented import everybody


def course_of(design, seed=1) -> InCourse:
    return platform_course(design, design.platform, everybody(design, seed), seed)


def test_arms_get_patients_while_they_are_open_only():
    design = platform_design()
    course = course_of(design)
    arrived = course.trial.arrivals.months
    for index, arm in enumerate(design.arms):
        mine = arrived[course.trial.assigned == index]
        times = design.platform.arms.get(arm)
        if times is not None and times.most_patients:
            assert len(mine) == times.most_patients
        if times is not None and times.enters_month:
            assert mine.min() >= times.enters_month
            assert mine.min() < times.enters_month + 1


def test_periods_change_when_the_open_arms_do():
    course = course_of(platform_design())
    is_open = course.allocation.pivot(index="period", columns="arm", values="share").notna()
    assert (is_open.to_numpy()[1:] != is_open.to_numpy()[:-1]).any(axis=1).all()
    assert (np.diff(course.periods) >= 0).all()


def test_concurrent_controls_are_those_randomised_while_the_arm_was_open():
    design = platform_design()
    course = course_of(design)
    comparison = design.compared()[1]
    kept = patients_compared(design, course, comparison, Controls.CONCURRENT)
    arms = np.array(list(design.arms))[course.trial.assigned[kept]]
    assert set(arms) == {"b", "control"}
    months = course.trial.arrivals.months
    first = months[course.trial.assigned == 1].min()
    assert abs(months[kept].min() - first) < 1
    everyone = patients_compared(design, course, comparison, Controls.ALL)
    assert everyone.tolist() == list(range(len(everyone)))
    assert set(kept) < set(everyone)


def test_each_arm_ends_with_its_own_last_endpoint():
    design = platform_design()
    ((course, looked, _),) = platform_trials(design, design.platform, [everybody(design, 2)], [2])
    rows = looked.contrasts.set_index("arm")
    for index, arm in enumerate(list(design.arms)[:3]):
        last = course.trial.arrivals.months[course.trial.assigned == index].max()
        assert last + 6 <= rows.loc[arm, "months"] < last + 7
        assert rows.loc[arm, "n_randomised"] == rows.loc[arm, "n_arm"] + rows.loc[arm, "n_control"]
    assert looked.looks["information"].to_numpy() == pytest.approx(1, abs=0.1)


def test_trials_analysed_together_are_those_analysed_alone():
    design = platform_design()
    trials = [everybody(design, seed) for seed in range(3)]
    together = platform_trials(design, design.platform, trials, [0, 1, 2])
    for seed in range(3):
        ((_, alone, _),) = platform_trials(design, design.platform, [trials[seed]], [seed])
        found, expected = (item.contrasts["estimate"].to_numpy() for item in (together[seed][1], alone))
        assert found == pytest.approx(expected, abs=1e-9)


def test_each_analysis_of_each_arm_is_fitted_once(monkeypatch):
    fits = []

    def counting(design, alike):
        fits.append(len(alike))
        return fits_of(design, alike)

    monkeypatch.setattr("sciatrial.trial.analysis.fits_of", counting)
    design = platform_design()
    ((_, looked, beside),) = platform_trials(design, design.platform, [everybody(design, 2)], [2])
    assert fits == [1] * 4 * 3
    planned = [frame for frame in beside if frame["analysis"].iloc[0] == "concurrent controls, adjusted for period"]
    for frame, (_, row) in zip(planned, looked.contrasts.iterrows(), strict=True):
        assert frame["estimate"].iloc[0] == row["estimate"]
        assert frame["shown"].iloc[0] == (row["decision"] == "efficacy")


def test_an_arm_that_nobody_gets_says_so():
    design = small_design(
        arms={"a": CELLS, "b": CELLS.model_copy(update={"dose_million_cells": 80}), "control": SALINE}, n_total=60,
        accrual={"per_month": 5}, platform={"arms": {"a": {"most_patients": 25}, "b": {"enters_patient": 49}}},
    )  # fmt: skip
    trial = everybody(design, 1)
    gone = design.platform.model_copy(
        update={
            "arms": {**design.platform.arms, "b": design.platform.arms["b"].model_copy(update={"leaves_month": 1.0})}
        }
    )
    design = design.model_copy(update={"platform": gone})
    ((course, looked, beside),) = platform_trials(design, gone, [trial], [1])
    assert looked.contrasts["why_not"].tolist() == ["", NEVER_OPEN]
    assert {frame["comparison"].iloc[0] for frame in beside} == {"a vs control"}
    assert len(course.trial.assigned) < 60


def test_pooled_controls_without_periods_take_a_trend_for_an_effect():
    found, _ = simulated(platform_design({"points_per_year": -6}), 30)
    late = found.loc[found["comparison"] == "c vs control"]
    shown = {name: mean_and_error(some, "shown") for name, some in late.groupby("analysis")}
    assert shown["all controls, not adjusted for period"][0] > 0.5
    for name in ("concurrent controls, adjusted for period", "all controls, adjusted for period"):
        share, error = shown[name]
        assert share < 0.025 + 3 * max(error, 0.03)


def test_one_trial_of_the_model_is_a_platform(model, patients):
    design = small_design(
        arms={"a": CELLS, "b": CELLS.model_copy(update={"dose_million_cells": 80}), "saline": SALINE}, n_total=60,
        accrual={"per_month": 5}, dropout_per_year=0.2,
        platform={"arms": {"a": {"leaves_endpoints": 10}, "b": {"enters_month": 3}}},
    )  # fmt: skip
    result = run_trial(model, design, patients, seed=3)
    assert result.conduct["randomised"] == result.allocation.groupby("arm")["patients"].sum().to_dict()
    assert len(set(result.analyses["analysis"])) == 4
