"""Records of trials whose course assigned patients, and of factorial ones, written down by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd

COMPARISONS = ("low vs saline", "high vs saline")


def with_course(operating, *, closed=False):
    """Return the record with three arms assigned in two periods; four trials of two scenarios, 40 patients each."""
    rows, found, others = [], [], []
    for scenario in ("prior", "no_cell_effect"):
        for trial in range(4):
            high = 10 + trial
            for period, patients in enumerate(((7, 7, 6), (10 - trial, high - 3, 3))):
                for arm, n in zip(("low", "high", "saline"), patients, strict=True):
                    share = np.nan if closed and arm == "high" and period == 0 else n / 20
                    rows.append(
                        {
                            "scenario": scenario, "trial": trial, "period": period, "month": 5.0 * period,
                            "last_month": 5.0 * period + 4, "arm": arm, "share": share,
                            "probability_best": np.nan if period == 0 or arm == "saline" else 0.5,
                            "patients": 0 if np.isnan(share) else n,
                        }
                    )  # fmt: skip
            for comparison, truth in zip(COMPARISONS, (-2.0, -8.0), strict=True):
                arm, control = comparison.split(" vs ")
                truth = 0.0 if scenario == "no_cell_effect" else truth
                estimate = truth + (4 if trial == 3 and arm == "high" else 0) * 2 - (arm == "low") * (trial == 3)
                found.append(
                    {
                        "scenario": scenario, "trial": trial, "comparison": comparison, "arm": arm, "control": control,
                        "truth": truth, "truth_error": 0.3, "estimate": estimate, "why_not": "", "decision": "ended",
                    }
                )  # fmt: skip
                for name, shown in (("adjusted for period", trial == 0), ("not adjusted for period", trial < 2)):
                    others.append(
                        {
                            "scenario": scenario, "trial": trial, "comparison": comparison, "analysis": name,
                            "estimate": estimate, "standard_error": 2.0, "ci_low": estimate - 4,
                            "ci_high": estimate + 4, "n_control": 9, "shown": shown, "rejected": shown, "truth": truth,
                        }
                    )  # fmt: skip
    return replace(operating, trials=pd.DataFrame(found), allocation=pd.DataFrame(rows), analyses=pd.DataFrame(others))


def with_margins(operating):
    """Return the record with two margins and their interaction in five trials of one scenario."""
    rows = [
        {
            "scenario": "prior", "trial": trial, "margin": margin, "is_interaction": place == 2,
            "estimate": truth + trial - 2, "standard_error": 2.0 * (1 + (place == 2)), "degrees_of_freedom": 50.0,
            "ci_low": truth + trial - 6, "ci_high": truth + trial + 2, "p_value": 0.04, "shown": trial < 2,
            "rejected": trial < 3, "why_not": "", "truth": truth, "truth_error": 0.2,
        }
        for trial in range(5)
        for place, (margin, truth) in enumerate((("cells", -6.0), ("nsaid", -3.0), ("cells × nsaid", 1.0)))
    ]  # fmt: skip
    return replace(operating, margins=pd.DataFrame(rows))
