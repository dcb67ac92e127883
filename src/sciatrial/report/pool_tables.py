"""Operating characteristics of trials drawn from a pool, as they are printed beside those simulated one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sciatrial.report.effects import effect_digits
from sciatrial.report.tables import number
from sciatrial.trial import OperatingCharacteristics, ResampledCharacteristics, Scenario

_SHARES = {"success": "success", "rejection": "rejection, either way", "coverage": "coverage"}
_MEANS = {"mean_truth": "true effect", "bias": "bias", "mean_standard_error": "mean standard error"}


def pool_wide(pooled: ResampledCharacteristics, operating: OperatingCharacteristics) -> pd.DataFrame:
    """Return trials from the pool beside those simulated one by one at the reference values, one row a comparison each.

    Columns ``comparison, trials, number of them``, then success, rejection, coverage, true effect, bias, mean standard
    error and expected patients, with Monte-Carlo standard errors.
    """
    rows = []
    one_by_one = operating.summary.loc[operating.summary["scenario"] == Scenario.REFERENCE]
    digits = effect_digits(pooled.endpoint)
    for comparison in dict.fromkeys(map(str, pooled.summary["comparison"])):
        for told, summary in (("from the pool", pooled.summary), ("one by one", one_by_one)):
            of = summary.loc[summary["comparison"] == comparison].set_index("quantity")
            if len(of):
                rows.append(
                    {"comparison": comparison, "trials": told, **_row(of, digits, is_pool=summary is pooled.summary)}
                )
    return pd.DataFrame(rows)


def pool_words(pooled: ResampledCharacteristics) -> str:
    """Return how large the pool is, and what that leaves out."""
    row = pooled.pools.iloc[0]
    return (
        f"{row['patients']:.0f} patients at the reference values were simulated once in every arm and dealt out to "
        f"trials. Errors join the luck of the trials and what the pool's own mean may be off; a share of "
        f"{100 * row['variance_share']:.1f} % of the variance between trials is missing among those of one pool."
    )


def _row(of: pd.DataFrame, digits: int, *, is_pool: bool) -> dict[str, str]:
    found = {"number": f"{of.loc['success', 'n_trials']:.0f}"}
    found |= {told: _with_error(of.loc[name], 100.0, 1, " %") for name, told in _SHARES.items()}
    found |= {told: _with_error(of.loc[name], 1.0, digits) for name, told in _MEANS.items()}
    if is_pool:  # all its trials have one truth, which has an error of its own
        of_truth = {"value": of.loc["mean_truth", "value"], "monte_carlo_se": of.loc["truth_error", "value"]}
        found["true effect"] = _with_error(of_truth, 1.0, digits)
    return found | {"expected patients": _with_error(of.loc["expected_patients"], 1.0, 1)}


def _with_error(row: Any, times: float, digits: int, unit: str = "") -> str:
    if np.isnan(row["value"]):
        return "–"
    error = "" if np.isnan(row["monte_carlo_se"]) else f" ± {times * row['monte_carlo_se']:.{digits + 1}f}"
    return f"{number(times * row['value'], digits)}{error}{unit}"
