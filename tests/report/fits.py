"""A validation with known numbers beside the small fit."""

from functools import cache

import numpy as np
import pandas as pd

from sciatrial.calibration.scores import crps, paired_differences, score_table
from sciatrial.calibration.validation import MECHANISM, POOLED, Validation
from tests.calibration.small import small_calibration, small_fit

ALONE = ("amirdelfan2021", "noriega2017")


@cache
def made_validation() -> Validation:
    """Return a validation whose mechanism is right on average and whose baseline is 10 too high."""
    rows = small_calibration().terms.rows
    rng = np.random.default_rng(3)
    observed = rows["observed"].to_numpy(dtype=float)
    drawn = observed + 8 * rng.standard_normal((200, len(rows)))
    draws = {MECHANISM: drawn, POOLED: drawn + 10}
    table = rows.assign(fold=0, mean=drawn.mean(axis=0), from_discrepancy=0.0, crps=crps(drawn, observed))
    for share in (0.05, 0.25, 0.5, 0.75, 0.95):
        table[f"p{round(100 * share):02d}"] = np.quantile(drawn, share, axis=0)
    return Validation(
        table, score_table(draws, rows, seed=1), paired_differences(draws, rows, seed=1), without_each_trial(),
        pd.DataFrame([{"baseline": POOLED, "fold": 0, "fallback": "asked a wider class"}]),
        pd.DataFrame([{"key": "resorption_rate", "source": "slug", "study_id": ALONE[0]}]),
        pd.DataFrame([{"left_out": ALONE[0], "r_hat": 1.01, "effective_size": 500.0, "divergences": 0}]), {"seed": 1},
    )  # fmt: skip


def without_each_trial() -> pd.DataFrame:
    """Return answers that are −4 points with every trial, −1 without the first and −6 without the second."""
    cells = small_fit().cells
    asked = cells[cells["fit"] == "reference"].drop(columns="fit")
    middles = {"": -4.0, ALONE[0]: -1.0, ALONE[1]: -6.0}
    parts = [
        asked.assign(without=trial, median=middle, low=middle - 3, high=middle + 3, no_cell_effect=0.3)
        for trial, middle in middles.items()
    ]
    return pd.concat(parts, ignore_index=True)
