"""Trials a second of the responder, ordinal, pairwise and multiplicity analyses and of imputation, on one thread.

Made-up trials of 2 arms and 200 patients. Processor seconds; the median of three rounds.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from sciatrial.statistics import (
    Adjustment,
    ReferenceRule,
    RiskInterval,
    adjusted_p_values,
    analyse_imputations,
    count_responders,
    fit_proportional_odds,
    fit_responders,
    gatekeeping_graph,
    graph_adjusted_p_values,
    impute_visits,
    mantel_haenszel_test,
    marginal_risks,
    risk_differences,
    win_statistics,
)

N_TRIALS, N_PATIENTS, N_IMPUTED, ROUNDS = 1000, 200, 10, 3


def speed(run, n: int) -> float:
    """Return trials in a processor second: the median of the rounds."""
    run()  # the first call loads what the others share
    speeds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        run()
        speeds.append(n / (time.process_time() - start))
    return float(np.median(speeds))


def main() -> None:
    """Print and write the figures."""
    rng = np.random.default_rng(7)
    shape = (N_TRIALS, N_PATIENTS)
    arms, strata = np.arange(N_PATIENTS) % 2, np.arange(N_PATIENTS) // 2 % 3
    baseline = rng.normal(60.0, 12.0, shape)
    score = 0.5 * arms + 0.03 * (baseline - 60) + rng.logistic(size=shape)
    response, categories = (score > 0.3).astype(float), np.digitize(score, [-1.5, -0.3, 0.4, 1.6])
    counts = count_responders(response, arms, strata)
    composite = np.stack([response, np.round(score, 1)], axis=-1)
    p = rng.beta(0.4, 2, (100 * N_TRIALS, 6))
    spread = rng.normal(0, 8, (N_IMPUTED, N_PATIENTS, 1)) + rng.normal(0, 6, (N_IMPUTED, N_PATIENTS, 4))
    change = 3 * arms[:, None] + spread
    change[rng.random(change.shape[:2]) < 0.2, 2:] = np.nan

    def imputed() -> None:
        rule = ReferenceRule.JUMP_TO_REFERENCE
        analyse_imputations(impute_visits(change, arms, baseline[:N_IMPUTED], rule=rule, seed=1, n_imputations=50))

    rows = {
        **{
            f"risk difference, 3 strata, {interval.value}": speed(
                lambda interval=interval: risk_differences(counts, interval=interval), N_TRIALS
            )
            for interval in RiskInterval
        },
        "Cochran-Mantel-Haenszel test": speed(lambda: mantel_haenszel_test(counts), N_TRIALS),
        "logistic, standardised": speed(lambda: marginal_risks(fit_responders(response, arms, baseline)), N_TRIALS),
        "proportional odds, 5 categories": speed(lambda: fit_proportional_odds(categories, arms, baseline), N_TRIALS),
        "win ratio, 2 outcomes": speed(lambda: win_statistics(composite, arms), N_TRIALS),
        "Hommel, 6 hypotheses": speed(lambda: adjusted_p_values(p, Adjustment.HOMMEL), len(p)),
        "graph, 6 hypotheses": speed(lambda: graph_adjusted_p_values(p, gatekeeping_graph([2, 4])), len(p)),
        "jump to reference, 50 imputations": speed(imputed, N_IMPUTED),
    }
    for name, value in rows.items():
        print(f"{name:<46} {value:>10.4g} trials/s")
    told = {"patients": N_PATIENTS, "threads": 1, "trials_per_second": rows, "python": sys.version.split()[0]}
    result = Path(__file__).parent / "results" / "analyses.json"
    result.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
