"""Trials whose truth is known: patients fall by a course that is planted, and studies, scores and arms differ by it."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd

from sciatrial.calibration.terms import Terms, likelihood_terms
from sciatrial.evidence import read_evidence


@cache
def real_terms():
    """Return the terms of the shipped tables."""
    return likelihood_terms(read_evidence())


@dataclass(frozen=True)
class Truth:
    """Coefficients at a baseline of 50, and SDs; points of 100."""

    early: float = -12.0
    late: float = -8.0
    surgery: float = -10.0
    study: float = 6.0
    of_score: float = 8.0
    arm: float = 2.0
    residual: float = 2.0
    se: float = 2.0


def planted_terms(n_studies, seed, truth=Truth(), months=(1.0, 6.0), treatment="surgery"):
    """Return trials of a treatment against usual care, leg pain and disability, every number a change."""
    generator = np.random.default_rng(seed)
    usual = next(arm for arm in real_terms().arms if arm.protocol.intervention == "usual_care")
    rows, arms, baselines = [], [], []
    for study in range(n_studies):
        of_study = truth.study * generator.standard_normal()
        of_scores = {score: truth.of_score * generator.standard_normal() for score in ("leg_pain", "disability")}
        baseline = generator.uniform(40.0, 75.0)
        for arm_id, intervention in (("control", "usual_care"), ("treated", treatment)):
            arms.append(replace(usual, study_id=f"study{study}", arm_id=arm_id))
            of_arm = truth.arm * generator.standard_normal()
            # sampling errors of one arm are correlated, 0.6 between visits of a score and 0.4 between scores
            luck_of_arm, *lucks = truth.se * generator.standard_normal(1 + len(of_scores))
            luck_of_scores = dict(zip(of_scores, lucks, strict=True))
            for score, month in ((score, month) for score in of_scores for month in months):
                if month == months[0]:
                    baselines.append({"arm": len(arms) - 1, "score": score, "mean": baseline, "se": 2, "is_own": True})
                course = truth.early + truth.late * -np.expm1(-month / 6)
                course += truth.surgery * (intervention == treatment)
                luck = np.sqrt(0.4) * luck_of_arm + np.sqrt(0.2) * luck_of_scores[score]
                luck += np.hypot(truth.residual, np.sqrt(0.4) * truth.se) * generator.standard_normal()
                rows.append(
                    {
                        "study_id": f"study{study}", "arm_id": arm_id, "arm": len(arms) - 1, "group": f"study{study}",
                        "cause": "herniation", "condition": "disc_herniation", "year": 2020.0, "score": score,
                        "rule": "", "kind": "change", "month": month, "se": truth.se, "n": 100.0,
                        "observed": course * baseline / 50 + of_study + of_scores[score] + of_arm + luck,
                        "baseline": baseline, "intervention": intervention, "is_cells": False, "is_controlled": True,
                        "is_open": True, "versus": -1,
                    }
                )  # fmt: skip
    return Terms(pd.DataFrame(rows), tuple(arms), pd.DataFrame(baselines), pd.DataFrame())
