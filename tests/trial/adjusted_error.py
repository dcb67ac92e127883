"""Type I error, power and coverage of analyses with strata and covariates: `python -m tests.trial.adjusted_error 4000`.

Invented patients, randomised in permuted blocks within the strata that the analysis may name: sex and age move the
scores (12 points each), cells move them by 0 or 10 points in everybody. The truth is what a million patients say.
"""

import sys

import numpy as np
import pandas as pd
from scipy.special import ndtri

from sciatrial.statistics import fit_logistic, fit_proportional_odds, ordinal_odds_ratios
from sciatrial.trial.analysis import effects_seen
from sciatrial.trial.calendar import known_endpoints
from sciatrial.trial.conduct import allocate
from sciatrial.trial.conducted import Conducted
from sciatrial.trial.factors import factor_levels
from sciatrial.trial.summaries import share_of
from tests.trial.conftest import small_design

STRATA = ("sex", "age_years>=45")
THIN = ("sex", *(f"age_years>={age}" for age in range(30, 63, 3)))
CUTS = (25, 40, 55)
RESPONSE = {"outcome": "leg_pain", "month": 6, "measure": "response", "rule": "responder_30pct_pain",
            "missing": "observed_only"}  # fmt: skip
CATEGORY = {"outcome": "leg_pain", "month": 6, "measure": "category", "categories": CUTS}


def design_of(analysis, summary, words, n=120):
    endpoint = {"proportional_odds": CATEGORY, "clda": {"outcome": "leg_pain", "month": 6}}.get(analysis, RESPONSE)
    return small_design(
        n_total=n, visits_months=(3, 6), endpoint=endpoint, analysis=analysis, adjust_for=words,
        estimand={"summary_measure": summary}, randomisation={"strata": STRATA},
    )  # fmt: skip


def scores_of(n, generator):
    """Return sex, age and what patients would show without cells; dims ``patient, occasion``."""
    female, age = generator.uniform(size=n) < 0.5, generator.normal(45, 10, n)
    baseline = generator.normal(60, 12, n)
    later = 18 + 0.5 * baseline + 12 * (female - 0.5) + 12 * ((age >= 45) - 0.5) + generator.normal(0, 8, n)
    visits = later[:, None] + generator.normal(0, 8, (n, 2))
    return female, age, np.concatenate([baseline[:, None], visits], axis=1)


def invented(design, seed, effect):
    generator = np.random.default_rng(seed)
    n = design.size
    female, age, values = scores_of(n, generator)
    people = pd.DataFrame({"is_female": female, "age_years": age})
    assigned = allocate(design, n, seed, factor_levels(STRATA, people))
    values[assigned == 0, 1:] -= effect
    seen = np.ones(values.shape, dtype=bool)
    seen[:, 1:] = generator.uniform(size=(n, 2)) < 0.9
    return Conducted(
        patients=None, assigned=assigned, scores=np.repeat(values[:, :, None], 7, axis=2),
        rescued=np.zeros(values.shape, dtype=bool), is_solved=np.ones(n, dtype=bool), is_observed=seen,
        potential={}, covariates=people,
    )  # fmt: skip


def truth_of(summary, words, effect, n=1_000_000):
    """Return what the estimand is in very many patients, each in both arms."""
    female, age, values = scores_of(n, np.random.default_rng(10**6))
    both = [values[:, 2] - effect, values[:, 2]]
    if summary == "difference_in_means":
        return -float(effect)
    people = pd.DataFrame({"is_female": female, "age_years": age})
    columns = np.column_stack([values[:, 0], factor_levels(words, people)]) if words else values[:, :1]
    columns = np.tile(columns, (2, 1))
    arms = np.repeat([1.0, 0.0], n)
    if summary == "common_odds_ratio":
        some = slice(None, None, 5)
        category = np.concatenate([(score[:, None] <= np.array(CUTS)).sum(axis=1) for score in both])
        fits = fit_proportional_odds(category[some], arms[some], columns[some])
        return float(ordinal_odds_ratios(fits).estimate[0, 0])
    response = np.concatenate([score - values[:, 0] <= -0.3 * values[:, 0] for score in both]).astype(float)
    if summary == "risk_difference":
        return float(response[:n].mean() - response[n:].mean())
    if summary == "marginal_odds_ratio":
        shares = np.array([response[:n].mean(), response[n:].mean()])
        return float(np.diff(np.log(shares[::-1] / (1 - shares[::-1])))[0])
    fit = fit_logistic(response, np.column_stack([np.ones(2 * n), arms, columns]))
    return float(fit.coefficients[0, 1])


CASES = (
    ("responders", "risk_difference", ()), ("responders", "risk_difference", STRATA),
    ("responders", "risk_difference", THIN), ("logistic", "odds_ratio", ()), ("logistic", "odds_ratio", STRATA),
    ("logistic", "risk_difference", ()), ("logistic", "risk_difference", STRATA),
    ("logistic", "marginal_odds_ratio", STRATA), ("proportional_odds", "common_odds_ratio", ()),
    ("proportional_odds", "common_odds_ratio", STRATA), ("clda", "difference_in_means", ()),
    ("clda", "difference_in_means", STRATA),
)  # fmt: skip


def rows(count):
    """Yield the lines of the table."""
    yield ("| analysis | summary measure | adjusted | type I error | power | bias | ± | coverage | not estimable |")
    yield ("|---|---|---|---|---|---|---|---|---|")
    names = {(): "no", STRATA: "by the 4 strata", THIN: "by 24 strata"}
    for analysis, summary, words in CASES:
        design = design_of(analysis, summary, words)
        found = {}
        for effect in (0, 10):
            trials = [invented(design, seed, effect) for seed in range(count)]
            found[effect] = effects_seen(design, trials, [known_endpoints(design, trial) for trial in trials])
        truth = truth_of(summary, words, 10)
        made = np.isfinite(found[10].estimate[:, 0])
        error, power = (share_of(np.abs(found[effect].z[:, 0]) > ndtri(0.975)) for effect in (0, 10))
        off = found[10].estimate[made, 0] - truth
        covered = share_of((found[10].low[made, 0] <= truth) & (truth <= found[10].high[made, 0]))
        told = [f"{100 * share:.1f} % ± {100 * se:.1f}" for share, se, _ in (error, power)]
        yield (
            f"| {analysis} | {summary.replace('_', ' ')} | {names[words]} | {told[0]} | {told[1]} | {off.mean():+.3f} "
            f"| {off.std() / np.sqrt(made.sum()):.3f} | {100 * covered[0]:.1f} % ± {100 * covered[1]:.1f} | "
            f"{count - made.sum()} |"
        )


if __name__ == "__main__":
    for line in rows(int(sys.argv[1]) if len(sys.argv) > 1 else 1000):
        print(line, flush=True)  # noqa: T201
