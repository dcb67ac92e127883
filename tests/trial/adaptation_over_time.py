"""Print what adaptation, arms that come and go, and a time trend do: python -m tests.trial.adaptation_over_time

Invented patients, one-sided alpha 0.025 for each comparison. Errors: of the mean over trials.
"""

import sys

import numpy as np
import pandas as pd

from sciatrial.trial.adapted import adapted_trials
from sciatrial.trial.platform_course import platform_trials
from tests.trial.conftest import CELLS, SALINE, small_design
from tests.trial.invented import everybody

N_TRIALS, AT_ONCE = 1_500, 100
ARMS = {name: CELLS.model_copy(update={"dose_million_cells": dose}) for name, dose in (("a", 10), ("b", 20), ("c", 40))}
ARMS["control"] = SALINE
TRENDS = {
    "none": None,
    "6 points a year better": {"points_per_year": -6},
    "10 points better from month 18": {"step_points": -10, "step_month": 18},
}
RULES = {
    "matched control, power 0.5": {},
    "matched control, power 1, arms dropped below 0.05": {"power": 1, "drop_below": 0.05},
    "control competes, power 0.5": {"control": "competing"},
    "control competes, power 1": {"control": "competing", "power": 1},
    "equal shares (power 0)": {"power": 0},
}
PLATFORM = {
    "a": {"most_patients": 60},
    "b": {"enters_month": 10, "most_patients": 60},
    "c": {"enters_month": 20},
}


def adaptive_design(rule, trend=None):
    adaptive = {"burn_in": 80, "every": 20, "month": 3, **rule}
    return small_design(
        arms=ARMS, n_total=300, accrual={"per_month": 8}, sides="one_sided", response_adaptive=adaptive,
        time_trend=trend,
    )  # fmt: skip


def two_arms(trend=None):
    adaptive = {"burn_in": 80, "every": 20, "month": 3, "control": "competing", "power": 1}
    return small_design(
        arms={"a": CELLS, "control": SALINE}, n_total=300, accrual={"per_month": 8}, sides="one_sided",
        response_adaptive=adaptive, time_trend=trend,
    )  # fmt: skip


def platform_design(trend=None):
    return small_design(
        arms=ARMS, n_total=300, accrual={"per_month": 8}, sides="one_sided", platform={"arms": PLATFORM},
        time_trend=trend,
    )  # fmt: skip


def simulated(design, n_trials, effects=()):
    """Return analyses and allocation of many trials."""
    analyses, allocation = [], []
    for first in range(0, n_trials, AT_ONCE):
        seeds = list(range(first, min(first + AT_ONCE, n_trials)))
        trials = [everybody(design, seed, effects=effects) for seed in seeds]
        if design.platform is None:
            done = adapted_trials(design, design.response_adaptive, trials, seeds)
        else:
            done = platform_trials(design, design.platform, trials, seeds)
        for seed, (course, _, beside) in zip(seeds, done, strict=True):
            analyses += [frame.assign(trial=seed) for frame in beside]
            allocation.append(course.allocation.assign(trial=seed))
    return pd.concat(analyses, ignore_index=True), pd.concat(allocation, ignore_index=True)


def mean_and_error(frame, column):
    by_trial = frame.groupby("trial")[column].mean()
    return float(by_trial.mean()), float(by_trial.std(ddof=1) / np.sqrt(len(by_trial)))


def null_rows(n_trials):
    """Return type-I errors: of the comparisons of each rule, of two arms, and of the platform's last arm."""
    rows = []
    for rule, words in RULES.items():
        for trend, points in TRENDS.items():
            rows += told_of(rule, trend, simulated(adaptive_design(words, points), n_trials)[0])
    for trend, points in TRENDS.items():
        rows += told_of("two arms, both compete, power 1", trend, simulated(two_arms(points), n_trials)[0])
    for trend, points in TRENDS.items():
        found, _ = simulated(platform_design(points), n_trials)
        late = found.loc[found["comparison"] == "c vs control"]
        rows += told_of("platform, arm that enters at month 20", trend, late)
    return rows


def told_of(design, trend, found):
    """Return one row an analysis: error of a comparison, of any of them, and the mean estimate, each with its error."""
    rows = []
    for name, some in found.groupby("analysis", sort=False):
        is_any = some.groupby("trial", as_index=False)["shown"].any()
        shares = (*mean_and_error(some, "shown"), *mean_and_error(is_any, "shown"))
        rows.append((design, trend, name, *shares, *mean_and_error(some, "estimate")))
    return rows


def power_rows(n_trials):
    """Return power of the arm that is 8 points better, patients on it, and the bias of its estimate."""
    rows = []
    for rule, words in RULES.items():
        found, allocation = simulated(adaptive_design(words), n_trials, effects=(0, -8, 0, 0))
        mine = found.loc[(found["comparison"] == "b vs control") & (found["analysis"] == "adjusted for period")]
        best = allocation.loc[allocation["arm"] == "b"].groupby("trial")["patients"].sum()
        spread = f"{np.quantile(best, 0.05):.0f} to {np.quantile(best, 0.95):.0f}"
        bias, error = mean_and_error(mine.assign(off=mine["estimate"] + 8), "off")
        rows.append((rule, *mean_and_error(mine, "shown"), float(best.mean()), spread, bias, error))
    return rows


if __name__ == "__main__":
    n = int(sys.argv[1]) if len(sys.argv) > 1 else N_TRIALS
    heads = "design | trend | analysis | type-I error | ± | of any comparison | ± | mean estimate | ±"
    print(f"{n} trials each\n\n| {heads} |\n{'|---' * 9}|")  # noqa: T201
    for *words, share, se, either, either_se, off, off_se in null_rows(n):
        told = f"{share:.4f} | {se:.4f} | {either:.4f} | {either_se:.4f} | {off:+.2f} | {off_se:.2f}"
        print(f"| {' | '.join(words)} | {told} |", flush=True)  # noqa: T201
    print("\n| design | power | ± | patients on the best arm | middle 90 % | bias | ± |")  # noqa: T201
    print("|---|---|---|---|---|---|---|")  # noqa: T201
    for rule, share, se, patients, spread, bias, bias_se in power_rows(n):
        told = f"{share:.3f} | {se:.3f} | {patients:.0f} | {spread} | {bias:+.2f} | {bias_se:.2f}"
        print(f"| {rule} | {told} |", flush=True)  # noqa: T201
