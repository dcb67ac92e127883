"""Print how often trials with a subgroup show what has no effect, with errors: python -m tests.trial.enriched"""

import sys
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from sciatrial.clinic import SCORES
from sciatrial.model import sciatica_model
from sciatrial.parameters import read_prior
from sciatrial.population import cohort_named
from sciatrial.trial import Decision, Design, operating_characteristics, simulate_trials
from sciatrial.trial.accrual import arrivals_of
from sciatrial.trial.conduct import allocate, strata_of
from sciatrial.trial.conducted import Conducted, days_late
from sciatrial.trial.population_looks import looked_at_populations, needed_patients
from sciatrial.trial.subgroup import IN_SUBGROUP
from tests.trial.conftest import CELLS, SALINE, small_design

WORDS = {
    "arms": {"cells": CELLS, "control": SALINE}, "n_total": 120, "visits_months": (3,),
    "endpoint": {"outcome": "leg_pain", "month": 3}, "sides": "one_sided", "alpha": 0.025,
    "accrual": {"per_month": 10}, "looks": {"information": [0.5]},
}  # fmt: skip
RULE = {"subgroup": {"measure": "leg_pain", "at_least": 65}, "prevalence": 0.4}
CASES = {
    "the better one by effect, Spiessens and Debois": {"enrichment": RULE | {"most": [1]}},
    "above 20 % and within 20 % of conditional power, Simes": {
        "enrichment": RULE | {"by": "conditional_power", "above": [0.2], "within": [0.2], "test": "simes"}
    },
    "the better one by z at two looks, Pocock, Bonferroni, 16 % drop out": {
        "enrichment": RULE | {"by": "z", "most": [2, 1], "test": "bonferroni"}, "dropout_per_year": 0.5,
        "looks": {"information": [0.4, 0.7], "spending": {"kind": "pocock"}},
    },
    "without looks, Spiessens and Debois": {"enrichment": RULE, "looks": {"information": []}},
}  # fmt: skip
# inside and outside the subgroup, in points; later patients do worse by so much
TRUTHS = {
    "nobody benefits": (0.0, 0.0, 0.0),
    "nobody benefits, later patients do worse by up to 20 points": (0.0, 0.0, 20.0),
    "those outside benefit by 10 points": (0.0, -10.0, 0.0),
    "the subgroup benefits by 12 points, those outside lose 8": (-12.0, 8.0, 0.0),
}
_SHARE = 0.4


@dataclass(frozen=True)
class People:
    """Invented eligible patients, who say whether they are in the subgroup."""

    covariates: pd.DataFrame
    seen: pd.DataFrame
    numbers: np.ndarray
    seed: int

    def __len__(self):
        return len(self.covariates)

    def only(self, which):
        return People(
            self.covariates.iloc[which].reset_index(drop=True), self.seen.iloc[which], self.numbers[which], self.seed
        )


def design_of(case):
    return Design.model_validate(WORDS | case)


def known_trial(design, seed, truth):
    """Return an invented trial conducted with everybody whom it could need."""
    inside, outside, drift = truth
    generator = np.random.default_rng(seed)
    n = design.most_patients
    baseline = generator.normal(60, 12, n)
    members = generator.random(n) < _SHARE
    value = 20 + 0.6 * baseline - 4 * members + generator.normal(0, 12, n) + drift * np.arange(n) / design.size
    leaves = generator.random(n) > design.share_staying(3)
    people = needed_patients(
        design,
        People(
            pd.DataFrame({IN_SUBGROUP: members}), pd.DataFrame({"eligible": np.arange(1, n + 1)}), np.arange(n), seed
        ),
    )  # fmt: skip
    places = people.numbers
    assigned = allocate(design, len(people), seed, strata_of(design, people))
    effect = np.where(members[places], inside, outside)
    end = value[places] + np.where(assigned == 0, effect, 0.0)
    scores = np.repeat(np.stack([baseline[places], end], axis=1)[:, :, None], len(SCORES), axis=2)
    seen = np.ones((len(people), 2), dtype=bool)
    seen[:, 1] = ~leaves[places]
    return Conducted(
        people, assigned, scores, np.zeros_like(seen), np.ones(len(people), dtype=bool), seen, {},
        arrivals=arrivals_of(design.accrual, n, seed).only(places), days_late=days_late(design, people),
    )  # fmt: skip


def looked_at(design, truth, seeds):
    """Return what looks find in invented trials."""
    return looked_at_populations(design, design.enrichment, [known_trial(design, seed, truth) for seed in seeds])


def simulated(design, truth, n_trials, first=0):
    """Return what is shown of each population, whether its interval covers, selection and estimate; first dim trial."""
    inside, outside, _ = truth
    true = np.array([_SHARE * inside + (1 - _SHARE) * outside, inside])
    shown, covered, selection, error = [], [], [], []
    for start in range(first, first + n_trials, 250):
        seeds = range(start, min(start + 250, first + n_trials))
        for _, found in looked_at(design, truth, seeds):
            rows = found.contrasts
            shown.append((rows["decision"] == Decision.EFFICACY).to_numpy())
            low, high = (rows[name].to_numpy() for name in ("repeated_low", "repeated_high"))
            covered.append(((low <= true) & (true <= high)) | np.isnan(low))
            selection.append(rows["selection"].iloc[0])
            error.append(rows["estimate"].to_numpy() - true)
    return tuple(map(np.array, (shown, covered, selection, error)))


def enriched_design(**changes):
    """Return a small design whose look selects by a biomarker; `changes` replace settings of the table."""
    group = {"name": "inflamed", "measure": "inflammatory_mediators", "at_least": 0.09, "measurement_cv": 0.3}
    rule = {"subgroup": group, "prevalence": 0.5, "most": [1]} | changes
    return small_design(
        arms={"cells": CELLS, "saline": SALINE}, n_total=48, visits_months=(3,),
        endpoint={"outcome": "leg_pain", "month": 3}, sides="one_sided", accrual={"per_month": 6},
        looks={"information": [0.5] if rule.get("most") else []}, enrichment=rule,
    )  # fmt: skip


@cache
def operating():
    """Return operating characteristics of four trials at the optimistic values and without cell effect."""
    return operating_characteristics(
        simulate_trials(
            sciatica_model(), enriched_design(), read_prior(), cohort_named("chronic_radicular"), scenario=scenario,
            first=0, count=4, seed=3,
        )
        for scenario in ("optimistic", "no_cell_effect")
    )  # fmt: skip


def main(n_trials):
    head = "| design | truth | one without benefit is shown | ± | both intervals cover | bias, it selected | trials |"
    print(f"{head}\n|---|---|---|---|---|---|---|")  # noqa: T201
    for name, case in CASES.items():
        design = design_of(case)
        for told, truth in TRUTHS.items():
            inside, outside, _ = truth
            is_null = np.array([_SHARE * inside + (1 - _SHARE) * outside >= 0, inside >= 0])
            shown, covered, selection, error = simulated(design, truth, n_trials)
            false = shown[:, is_null].any(axis=1).mean()
            alone = selection == "subgroup"
            bias = f"{np.nanmean(error[alone, 1]):.2f}" if alone.any() else "–"
            print(  # noqa: T201
                f"| {name} | {told} | {false:.4f} | {np.sqrt(false * (1 - false) / n_trials):.4f} | "
                f"{covered.all(axis=1).mean():.4f} | {bias} | {n_trials} |",
                flush=True,
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)
