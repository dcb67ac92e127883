"""Predictions of studies that a fit never saw, and how good they were → one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sciatrial.report import words
from sciatrial.report.page import css, html_table, picture_address, rendered, write_page
from sciatrial.report.validation_figures import (
    UNITS,
    plot_coverage,
    plot_crps,
    plot_left_out_contrasts,
    plot_left_out_numbers,
    plot_quantile_histogram,
)

if TYPE_CHECKING:
    from sciatrial.calibration import BlindValidation, Validation

_PIXELS_PER_INCH = 112
_LARGEST_R_HAT = 1.05  # of a short refit, whose draws tell means and intervals and no more
_SCORES = {
    "model": "model", "stratum": "stratum", "what": "what", "n": "numbers", "n_studies": "studies",
    "coverage_50": "in 50 %", "coverage_90": "in 90 %", "crps": "error", "crps_of_luck": "luck alone",
    "slope": "slope", "bias": "bias",
    "untested": "untested",
}  # fmt: skip
_PREDICTIONS = {
    "study_id": "study", "arm_id": "arm", "score": "score", "rule": "rule", "kind": "kind", "month": "month",
    "n": "patients", "p05": "5 %", "p50": "50 %", "p95": "95 %", "from_discrepancy": "no mechanism",
    "observed": "printed",
}  # fmt: skip


def write_validation(
    found: BlindValidation | Validation, path: str | Path, *, stamp: Mapping[str, Any] | None = None
) -> Path:
    """Write how well studies were predicted that the fit never saw, as one HTML page that opens without a network.

    Parameters
    ----------
    found
        Studies left out of the fit, or studies predicted blind.
    path
        The HTML file.
    stamp
        ``created, is_quick`` for the head of the page; may be left out.

    Raises
    ------
    StudyError
        When it cannot be written; what was there before stays.
    """
    return write_page(rendered("validation.html.j2", _context(found, stamp or {})), path)


def _context(found: BlindValidation | Validation, stamp: Mapping[str, Any]) -> dict[str, Any]:
    from sciatrial.calibration import BlindValidation

    is_blind = isinstance(found, BlindValidation)
    told = found.validation if is_blind else found
    not_predicted = found.not_predicted if is_blind else pd.DataFrame()
    arms = found.arms if is_blind else pd.DataFrame()
    hard = arms[arms["verdict"] != "good"] if len(arms) else arms
    is_any = len(told.predictions) > 0
    return {
        "css": css(), "table": html_table, "disclaimer": words.DISCLAIMER, "is_blind": is_blind,
        "stamp": {"version": version("sciatrial"), "created": "", "is_quick": False, **stamp},
        "summary": repr(found).splitlines(), "known": list(told.made_with.get("known", ())),
        "pictures": _pictures(told) if is_any else [],
        "scores": _columns(told.scores, _SCORES) if is_any else pd.DataFrame(),
        "predictions": _columns(told.predictions, _PREDICTIONS), "not_predicted": not_predicted, "hard": hard,
        "fallbacks": told.fallbacks, "refits": refits_words(told),
    }  # fmt: skip


def refits_words(told: Validation) -> str:
    """Return whether the refits can be believed, as a sentence; nothing where none was made."""
    made = told.refits
    if not len(made):
        return ""
    doubtful = made[made["r_hat"] > _LARGEST_R_HAT]["left_out"].tolist()
    words = (
        f"{len(made)} refits: R-hat at most {made['r_hat'].max():.2f}, effective sample "
        f"{made['effective_size'].min():.0f} or more, {made['divergences'].sum()} divergences."
    )
    return words + (f" R-hat above {_LARGEST_R_HAT:g} without {'; '.join(doubtful)}." if doubtful else "")


def _columns(frame: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame({told: frame[name] for name, told in names.items()}).round(2)


def _pictures(told: Validation) -> list[dict[str, Any]]:
    from sciatrial.calibration import MECHANISM

    predictions, made = told.predictions, []

    def add(ax: Any, says: str) -> None:
        width = round(ax.figure.get_figwidth() * _PIXELS_PER_INCH)
        made.append({"address": picture_address(ax.figure), "says": says, "width": width})

    for unit in UNITS:
        add(plot_left_out_numbers(predictions, unit=unit), f"Arms, printed against predicted, {unit}.")
        says = f"Differences between arms of a study, printed against predicted, {unit}."
        add(plot_left_out_contrasts(predictions, unit=unit), says)
    for what in dict.fromkeys(told.scores["what"]):
        add(plot_coverage(told.scores, what=what), f"How many printed numbers the intervals hold: {what}.")
        says = f"Error of the mechanism minus that of each baseline: {what}."
        add(plot_crps(told.differences, model=MECHANISM, what=what), says)
    add(plot_quantile_histogram(predictions), "Where printed numbers lie among the quantiles of their predictions.")
    return made
