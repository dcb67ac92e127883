"""How exact truths are, and what they cost: `python -m tests.trial.truth_errors`.

The error of the truth as a share of the standard error of a trial, patients behind it, seconds a trial: at reference
values, then the middle and the largest of some draws of the prior.
"""

import time

import numpy as np

from sciatrial.foundation import CohortError
from sciatrial.model import sciatica_model
from sciatrial.parameters import CELL_EFFECTS, draw_parameters, read_prior, reference_draw
from sciatrial.population import cohort_named, sample_patients
from sciatrial.trial.course import completed_trials
from sciatrial.trial.truth import Sampled, true_values
from tests.trial.conftest import small_design

HIERARCHY = {"outcome": "leg_pain", "month": 6, "measure": "hierarchy",
             "hierarchy": [{"rule": "responder_50pct_pain"}, {"score": "disability", "margin": 10},
                           {"score": "leg_pain", "margin": 5}]}  # fmt: skip
RESPONSE = {"outcome": "leg_pain", "month": 6, "measure": "response", "rule": "responder_30pct_pain",
            "missing": "observed_only"}  # fmt: skip
CATEGORY = {"outcome": "leg_pain", "month": 6, "measure": "category", "categories": [20, 40, 60]}
N_DRAWS = 24
CASES = {
    "difference in means": {},
    "risk difference": {"endpoint": RESPONSE, "analysis": "responders",
                        "estimand": {"summary_measure": "risk_difference"}},
    "odds ratio": {"endpoint": RESPONSE, "analysis": "logistic", "estimand": {"summary_measure": "odds_ratio"}},
    "common odds ratio": {"endpoint": CATEGORY, "analysis": "proportional_odds",
                          "estimand": {"summary_measure": "common_odds_ratio"}},
    "win odds": {"endpoint": HIERARCHY, "analysis": "win_statistics", "estimand": {"summary_measure": "win_odds"}},
    "win ratio": {"endpoint": HIERARCHY, "analysis": "win_statistics", "estimand": {"summary_measure": "win_ratio"}},
}  # fmt: skip


def rows(sizes):
    """Yield the lines of the table."""
    yield "| summary measure | patients of a trial | patients of the truth | error / standard error | seconds |"
    yield "|---|---|---|---|---|"
    model, prior, cohort = sciatica_model(), read_prior(), cohort_named("chronic_radicular")
    draws = reference_draw(prior, included=CELL_EFFECTS)
    for name, changes in CASES.items():
        for size in sizes:
            design = small_design(n_total=size, **changes)
            patients = sample_patients(model, draws, cohort, n_patients=size, seed=5)
            done = completed_trials(model, design, [patients], [5])[0]
            errors = done.monitored.contrasts["standard_error"].to_numpy(dtype=float)
            started = time.perf_counter()
            truth = true_values(model, design, draws, cohort, [Sampled(0, 0, 5)], errors[None],
                                least_eligible_share=0.01)[0]  # fmt: skip
            took = time.perf_counter() - started
            ratio = float(np.max(truth.errors / errors))
            yield f"| {name}, reference | {size} | {truth.n_patients} | {ratio:.3f} | {took:.1f} |"
    draws = draw_parameters(prior, n_draws=N_DRAWS, seed=1)
    for name, changes in CASES.items():
        design = small_design(n_total=200, **changes)
        found = []
        for place in range(N_DRAWS):
            try:
                patients = sample_patients(model, draws, cohort, draw=place, n_patients=200, seed=place,
                                           least_eligible_share=0.01)  # fmt: skip
            except CohortError:
                continue
            done = completed_trials(model, design, [patients], [place])[0]
            errors = done.monitored.contrasts["standard_error"].to_numpy(dtype=float)
            started = time.perf_counter()
            truth = true_values(model, design, draws, cohort, [Sampled(place, place, place)], errors[None],
                                least_eligible_share=0.01)[0]  # fmt: skip
            took = time.perf_counter() - started
            found.append((truth.n_patients, float(np.max(truth.errors / errors)), took))
        low, high = np.nanmedian(found, axis=0), np.nanmax(found, axis=0)
        told = [f"{low[0]:.0f} to {high[0]:.0f}", f"{low[1]:.3f} to {high[1]:.3f}", f"{low[2]:.1f} to {high[2]:.1f}"]
        yield f"| {name}, {len(found)} draws | 200 | {' | '.join(told)} |"


if __name__ == "__main__":
    for line in rows((60, 200, 600, 1500)):
        print(line, flush=True)  # noqa: T201
