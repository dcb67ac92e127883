"""The dose response of one trial by MCP-Mod: is there one, of which shape, and which dose is enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from sciatrial.statistics import (
    DoseShape,
    dose_contrasts,
    dose_curve,
    dose_response_test,
    fit_doses,
    target_dose_interval,
    target_doses,
)
from sciatrial.trial.arm_means import adjusted_means
from sciatrial.trial.conducted import Conducted
from sciatrial.trial.design import Design
from sciatrial.trial.dose_finding import DoseFinding

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class DoseFindings:
    """What one trial says of its doses; effects are points of benefit over the control.

    ``target``: one row. ``arms``: one row a dose, the control first. ``shapes``: one row a candidate.
    """

    target: pd.DataFrame
    arms: pd.DataFrame
    shapes: pd.DataFrame


def dose_findings(design: Design, trial: Conducted, *, seed: int) -> DoseFindings | None:
    """Analyse the doses of a trial that went to its end; None where the design finds no dose.

    The contrasts are those that are best for the covariance found; the shapes whose contrast passes the critical value
    are fitted to the adjusted means by generalised least squares.

    Parameters
    ----------
    seed
        Of the resamples behind the interval.

    Returns
    -------
    DoseFindings
        ``target`` has ``is_shown, largest_statistic, critical_value, p_value, test_error`` (of p), ``shape`` (the one
        of the least AIC among those shown, or empty), ``target_dose, target_low, target_high`` (million cells;
        infinite: beyond the largest dose; NaN where nothing is shown), ``relevant_effect, why_not``. ``arms`` has
        ``arm, dose_million_cells, n, mean_change, standard_error`` (as measured), ``effect, effect_low, effect_high``
        (95 %). ``shapes`` has ``candidate, shape, statistic, p_value, is_shown, effect_size`` (factor of the curve),
        ``number_1, number_2`` (of the curve), ``aic, weight, target_dose``.

    Source
    ------
    Bretz, Pinheiro and Branson (2005), Biometrics 61, 738-748; generalised: Pinheiro, Bornkamp, Glimm and Bretz (2014),
    Statistics in Medicine 33, 1646-1661.
    """
    import pandas as pd

    asked = design.dose_finding
    if asked is None:
        return None
    doses = asked.dose_arms(design.arms)
    means = adjusted_means(design, trial, tuple(doses))
    arms = pd.DataFrame(
        {"arm": list(doses), "dose_million_cells": list(doses.values()), "n": means.n, "mean_change": means.mean}
    )
    sign = design.benefit_sign
    effect, spread = sign * (means.mean - means.mean[0]) + 0.0, means.covariance
    reach = stdtrit(means.degrees_of_freedom, 0.975) * np.sqrt(np.diagonal(spread) + spread[0, 0] - 2 * spread[0])
    arms = arms.assign(
        standard_error=np.sqrt(np.diagonal(spread)),
        effect=effect, effect_low=effect - reach, effect_high=effect + reach,
    )  # fmt: skip
    if means.why_not:
        told = {"relevant_effect": asked.relevant_effect, "why_not": means.why_not}
        return DoseFindings(_target_row(**told), arms, pd.DataFrame())
    at = np.array(list(doses.values()))
    candidates = [item.candidate for item in asked.candidates]
    best = dose_contrasts(candidates, at, spread)
    found = dose_response_test(effect, spread, best, alpha=asked.alpha, degrees_of_freedom=means.degrees_of_freedom)
    is_shown = found.statistic > found.critical_value
    shapes = pd.DataFrame(
        {
            "candidate": [item.in_words for item in candidates],
            "shape": [str(item.shape) for item in candidates],
            "statistic": found.statistic,
            "p_value": found.p_value,
            "is_shown": is_shown,
        }
    )
    for name in ("effect_size", "number_1", "number_2", "aic", "weight", "target_dose"):
        shapes[name] = np.nan
    told = {
        "relevant_effect": asked.relevant_effect,
        "is_shown": bool(is_shown.any()),
        "largest_statistic": float(found.statistic.max()),
        "critical_value": found.critical_value,
        "p_value": float(found.p_value.min()),
        "test_error": found.error,
    }
    if is_shown.any():
        told |= _fitted(asked, candidates, at, effect, spread, shapes, seed)
    return DoseFindings(_target_row(**told), arms, shapes)


def _target_row(**told: Any) -> pd.DataFrame:
    import pandas as pd

    empty = {
        "is_shown": False, "largest_statistic": np.nan, "critical_value": np.nan, "p_value": np.nan,
        "test_error": np.nan, "shape": "", "target_dose": np.nan, "target_low": np.nan, "target_high": np.nan,
        "relevant_effect": np.nan, "why_not": "",
    }  # fmt: skip
    return pd.DataFrame([empty | told])


def _fitted(
    asked: DoseFinding,
    candidates: list[Any],
    at: NDArray[np.float64],
    effect: NDArray[np.float64],
    spread: NDArray[np.float64],
    shapes: pd.DataFrame,
    seed: int,
) -> dict[str, Any]:
    """Fit the shapes that are shown, write them into their rows, and return what the trial says of the target dose."""
    # two guesses of one shape are one fit
    shown = list(dict.fromkeys(candidates[place].shape for place in np.flatnonzero(shapes["is_shown"])))
    fits = fit_doses(shown, at, effect, spread)
    weights = fits.weights(asked.choice)[0]
    for place, shape in enumerate(shown):
        mine = shapes["is_shown"] & (shapes["shape"] == str(shape))
        alone = fit_doses([shape], at, effect, spread)
        values = {
            "effect_size": fits.size[0, place], "number_1": fits.numbers[0, place, 0],
            "number_2": fits.numbers[0, place, 1], "aic": fits.aic[0, place], "weight": weights[place],
            "target_dose": target_doses(alone, asked.relevant_effect)[0],
        }  # fmt: skip
        for name, value in values.items():
            shapes.loc[mine, name] = value
    low, high = target_dose_interval(
        shown, at, effect, spread, asked.relevant_effect, seed=seed, choice=asked.choice,
        n_resamples=asked.n_resamples,
    )  # fmt: skip
    return {
        "shape": str(shown[int(fits.aic[0].argmin())]),
        "target_dose": float(target_doses(fits, asked.relevant_effect, choice=asked.choice)[0]),
        "target_low": low, "target_high": high,
    }  # fmt: skip


def fitted_effects(shapes: pd.DataFrame, doses: NDArray[np.float64], largest: float) -> dict[str, NDArray[np.float64]]:
    """Return the fitted effect over the control at some doses of each shape that was shown, by its word.

    Parameters
    ----------
    shapes
        As in `DoseFindings`.
    doses
        0 to `largest` million cells; dims ``dose``.
    """
    found = {}
    for row in shapes.to_dict("records"):
        if not row["is_shown"]:
            continue
        shape = DoseShape(row["shape"])
        numbers = [row["number_1"], row["number_2"]][: len(shape.numbers)]
        curve = dose_curve(shape, np.concatenate([[0.0], doses]), numbers, largest=largest)
        found[str(shape)] = row["effect_size"] * (curve[1:] - curve[0])
    return found
