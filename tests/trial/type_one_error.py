"""Print how often null trials show something, with Monte-Carlo errors: python -m tests.trial.type_one_error"""

import numpy as np

from sciatrial.statistics import Sides
from sciatrial.trial import Decision, Looks, first_crossing
from sciatrial.trial.looks import planned_bounds
from sciatrial.trial.monitoring import bounds_reached, monitor
from tests.trial.conftest import invented_trial, small_design

N_PATHS, N_TRIALS = 2_000_000, 3_000
PLANNED, ELSEWHERE = (0.4, 0.7, 1.0), (0.52, 0.66, 0.93)
FUTILITY = {"kind": "hwang_shih_decani", "gamma": -2}
RULES = {
    "Lan-DeMets O'Brien-Fleming": ({}, Sides.TWO),
    "Pocock": ({"spending": {"kind": "pocock"}}, Sides.TWO),
    "O'Brien-Fleming": ({"spending": {"kind": "o_brien_fleming"}}, Sides.ONE),
    "Hwang-Shih-DeCani −4": ({"spending": {"kind": "hwang_shih_decani", "gamma": -4}}, Sides.ONE),
    "binding futility, followed": ({"futility": FUTILITY | {"binding": "binding"}}, Sides.ONE),
    "non-binding futility, followed": ({"futility": FUTILITY}, Sides.ONE),
}
PATIENTS = {
    "ANCOVA, 60 patients": {"n_total": 60},
    "ANCOVA, 60 patients, 25 % dropout a year": {"n_total": 60, "dropout_per_year": 0.25},
    "MMRM (Kenward-Roger), 100 patients, 25 % dropout a year": {
        "n_total": 100, "dropout_per_year": 0.25, "analysis": "mmrm", "small_sample": "kenward_roger",
    },
}  # fmt: skip


def shares() -> list[tuple[str, float, float, int]]:
    """Return description, alpha, share that shows something, number of trials."""
    found = []
    for reached in (PLANNED, ELSEWHERE):
        steps = np.sqrt(np.diff(reached, prepend=0.0))
        scores = np.random.default_rng(11).normal(size=(N_PATHS, 3)) * steps
        z = scores.cumsum(axis=1) / np.sqrt(reached)
        for name, (words, sides) in RULES.items():
            alpha = 0.025 if sides is Sides.ONE else 0.05
            looks = Looks.model_validate({"information": PLANNED[:-1], **words})
            bounds = bounds_reached(planned_bounds(looks, alpha, sides), (1, 2), reached)
            where = " : ".join(f"{100 * share:g}" for share in reached)
            found.append(
                (f"{name}, {sides.value.replace('_', '-')}, looks at {where} %", alpha, shown(z, bounds), N_PATHS)
            )
    for name, words in PATIENTS.items():
        design = small_design(
            sides="one_sided", alpha=0.025, accrual={"per_month": 10}, looks={"information": PLANNED[:-1]}, **words
        )
        decisions = []
        for first in range(0, N_TRIALS, 200):
            trials = [invented_trial(design, seed) for seed in range(first, first + 200)]
            decisions += [str(done.contrasts["decision"].iloc[0]) for done in monitor(design, trials)]
        found.append((f"{name}, three looks", 0.025, float(np.mean(np.array(decisions) == "efficacy")), N_TRIALS))
    return found


def shown(z, bounds) -> float:
    decisions = np.array(first_crossing(bounds, z)[1])
    return float(np.mean((decisions == Decision.EFFICACY) | (decisions == Decision.OTHER_DIRECTION)))


if __name__ == "__main__":
    print("| null trials | alpha | shows something | ± | trials |\n|---|---|---|---|---|")  # noqa: T201
    for name, alpha, share, n in shares():
        print(f"| {name} | {alpha:g} | {share:.5f} | {np.sqrt(share * (1 - share) / n):.5f} | {n} |")  # noqa: T201
