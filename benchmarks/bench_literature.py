"""Seconds that our own literature takes: the review, a network at one visit, the network over time; with diagnostics.

multinma and MBNMAtime need R, Stan and JAGS and are left out; their users report hours for a network over time.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from sciatrial.evidence import arm_estimates, published_contrasts, read_evidence
from sciatrial.synthesis import (
    NetworkPriors,
    Sampler,
    at_visit,
    fit_literature,
    fit_network,
    review_evidence,
    trial_arms,
)


def main() -> None:
    evidence = read_evidence()
    seconds, diagnostics = {}, {}
    start = time.perf_counter()
    review_evidence(evidence)
    seconds["review of 12 questions, with every variation"] = time.perf_counter() - start
    arms = trial_arms(arm_estimates(evidence), published_contrasts(evidence), outcome="pain")
    visit = at_visit(arms, 1)
    start = time.perf_counter()
    network = fit_network(
        visit, reference="placebo_procedure", sampler=Sampler(seed=1), priors=NetworkPriors(heterogeneity_scale=10)
    )
    seconds[f"network at one month, {visit['study'].nunique()} trials"] = time.perf_counter() - start
    diagnostics["network"] = network.diagnostics.headline()
    start = time.perf_counter()
    courses = fit_literature(evidence, seed=1)
    seconds["network over time, pain, 4 chains of 1000"] = time.perf_counter() - start
    diagnostics["network over time"] = courses.diagnostics.headline()
    for name, value in seconds.items():
        print(f"{name:<50} {value:6.1f} s")
    for name, told in diagnostics.items():
        print(f"{name}: {told}")
    result = Path(__file__).parent / "results" / "literature.json"
    told = {"seconds": seconds, "diagnostics": diagnostics, "python": sys.version.split()[0]}
    result.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
