"""What strata and missed visits do to an analysis, on invented patients: python -m tests.trial.strata_and_missing"""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd

from sciatrial.foundation import uniforms
from sciatrial.trial import allocate
from sciatrial.trial.analysis import effects_seen
from sciatrial.trial.factors import factor_levels
from sciatrial.trial.missingness import missing_luck, seen_visits
from tests.trial.conftest import invented_trial, small_design

EFFECT = -10.0
STEEP = {"odds_ratio_per_10_points": 3.0, "around": 55}
LOSSES = {
    "completely at random, 40 % of visits": {"missing_visits": {"probability": 0.4}},
    "at random: by the last score seen": {"missing_visits": {"probability": 0.4, "mechanism": "at_random", **STEEP}},
    "not at random: by the unseen score": {
        "missing_visits": {"probability": 0.4, "mechanism": "not_at_random", **STEEP}
    },
    "dropout by the last score seen": {
        "dropout_per_year": 0.6, "dropout_hazard": {"ratio_per_10_points": 2.5, "around": 55},
    },
}  # fmt: skip
WORSE_WOMEN = 25.0
PLANS = {
    "simple": {"randomisation": {"method": "simple"}},
    "blocks": {},
    "blocks in two strata": {"randomisation": {"strata": ["sex"]}},
    "minimisation": {"randomisation": {"method": "minimisation", "strata": ["sex"]}},
}


def bias(analysis, words, n_trials=200):
    """Return the bias of trials of 300 patients, its Monte-Carlo error, and the share of endpoints seen."""
    design = small_design(n_total=300, analysis=analysis, **words)
    whole = design.model_copy(update={"missing_visits": None, "dropout_hazard": None, "dropout_per_year": 0.0})
    trials = [invented_trial(whole, seed, effect=EFFECT) for seed in range(n_trials)]
    masks = [
        seen_visits(design, trial.assigned, trial.scores, missing_luck(design, 300, seed)).observed
        for seed, trial in enumerate(trials)
    ]
    trials = [replace(trial, is_observed=mask) for trial, mask in zip(trials, masks, strict=True)]
    found = effects_seen(design, trials, masks).estimate[:, 0] - EFFECT
    return found.mean(), found.std() / np.sqrt(n_trials), np.mean([mask[:, -1].mean() for mask in masks])


def null_rejections(words, n_trials):
    """Return how often null trials of 60 patients, in which women are worse, show something at 5 %, and mean errors."""
    design = small_design(n_total=60, visits_months=(6,), **words)
    trials = []
    for seed in range(n_trials):
        people = pd.DataFrame({"is_female": uniforms(seed, "sex", np.arange(60)) < 0.4})
        plain = invented_trial(small_design(n_total=60, visits_months=(6,)), seed)
        scores = plain.scores.copy()
        scores[:, 1] += WORSE_WOMEN * people["is_female"].to_numpy()[:, None]
        levels = factor_levels(design.randomisation.strata, people)
        patients = SimpleNamespace(covariates=people)
        trials.append(replace(plain, patients=patients, scores=scores, assigned=allocate(design, 60, seed, levels)))
    found = effects_seen(design, trials, [trial.is_observed for trial in trials])
    return (found.p_value[:, 0] < 0.05).mean(), found.standard_error[:, 0].mean(), found.estimate[:, 0].std()


def tables(n_trials=4000):
    """Return the lines of both tables."""
    lines = ["| missed | analysis | bias of an effect of −10 | ± | endpoints seen |", "|---|---|---|---|---|"]
    for name, words in LOSSES.items():
        for analysis in ("ancova", "mmrm"):
            found, error, seen = bias(analysis, words, n_trials=1000)
            lines.append(f"| {name} | {analysis.upper()} | {found:+.2f} | {error:.2f} | {100 * seen:.0f} % |")
    head = "| randomised by | adjusted for sex | type I error | ± | mean standard error | true standard error |"
    lines += ["", head, "|---|---|---|---|---|---|"]
    for name, words in PLANS.items():
        for told, adjusted in (("no", ()), ("yes", ("sex",))):
            rate, error, true = null_rejections({**words, "adjust_for": adjusted}, n_trials)
            spread = np.sqrt(rate * (1 - rate) / n_trials)
            lines.append(f"| {name} | {told} | {rate:.4f} | {spread:.4f} | {error:.2f} | {true:.2f} |")
    return lines


if __name__ == "__main__":
    print("\n".join(tables()))  # noqa: T201
