"""Operating characteristics of trials whose course assigns patients, and of factorial ones, with Monte-Carlo errors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.foundation import Score
from sciatrial.trial.results import OperatingCharacteristics
from sciatrial.trial.summaries import mean_of, share_of

if TYPE_CHECKING:
    import pandas as pd

_Quantity = tuple[str, float, float, int]


def allocation_characteristics(operating: OperatingCharacteristics) -> pd.DataFrame:
    """Return how many patients each arm gets, and when it is open; empty where no course assigned patients.

    Returns
    -------
    pandas.DataFrame
        One row a scenario, arm and quantity: ``scenario, arm, quantity, value, monte_carlo_se, n_trials``. ``patients``
        and its ``spread`` (standard deviation between trials), ``low`` and ``high`` (quantiles 0.05 and 0.95, without
        errors), ``share`` of a trial's patients, ``no_patients`` (share of trials in which the arm gets nobody),
        ``opens`` and ``closes`` (months of the first and the last patient who could get the arm).
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for (scenario, arm), mine in groups_of(operating.allocation, ["scenario", "arm"]):
        trials = mine.groupby("trial", sort=True)
        patients = trials["patients"].sum().to_numpy(dtype=float)
        everybody = groups_of(operating.allocation.loc[operating.allocation["scenario"] == scenario], "trial")
        whole = np.array([of["patients"].sum() for _, of in everybody], dtype=float)
        opens, closes = np.array([_open_months(of) for _, of in trials], dtype=float).T
        n = len(patients)
        spread = float(patients.std(ddof=1)) if n > 1 else np.nan
        found: list[_Quantity] = [
            ("patients", *mean_of(patients)),
            ("spread", spread, spread / np.sqrt(2 * (n - 1)) if n > 1 else np.nan, n),
            ("low", float(np.quantile(patients, 0.05)), np.nan, n),
            ("high", float(np.quantile(patients, 0.95)), np.nan, n),
            ("share", *mean_of(patients / np.maximum(whole, 1))),
            ("no_patients", *share_of(patients == 0)),
            ("opens", *mean_of(opens[np.isfinite(opens)])),
            ("closes", *mean_of(closes[np.isfinite(closes)])),
        ]
        rows += [{"scenario": scenario, "arm": arm} | quantity_row(item) for item in found]
    return pd.DataFrame(rows)


def groups_of(frame: pd.DataFrame, names: Any) -> Iterable[Any]:
    """Yield the groups of a frame that may be empty, in the order in which they come."""
    return frame.groupby(names, sort=False) if len(frame) else ()


def quantity_row(quantity: _Quantity) -> dict[str, Any]:
    """Return a quantity with its Monte-Carlo error and number of trials as columns."""
    return dict(zip(("quantity", "value", "monte_carlo_se", "n_trials"), quantity, strict=True))


def _open_months(mine: pd.DataFrame) -> tuple[float, float]:
    """Return when the first and the last patient came who could get an arm of one trial."""
    first, last, share = (mine[name].to_numpy(dtype=float) for name in ("month", "last_month", "share"))
    was_open = np.flatnonzero(np.isfinite(share) & (share > 0) & np.isfinite(first))
    return (float(first[was_open[0]]), float(last[was_open[-1]])) if len(was_open) else (np.nan, np.nan)


def choice_characteristics(operating: OperatingCharacteristics) -> pd.DataFrame:
    """Return how often trials choose the best arm, and how many of their patients get it; empty as above.

    The best arm has the largest true benefit, the control's being 0. Trials whose best arm is not told from the second
    best by twice the Monte-Carlo error of the truth have none, and count in no share. The chosen arm has the largest
    estimate above 0, else it is the control.

    Returns
    -------
    pandas.DataFrame
        One row a scenario and quantity: ``scenario, quantity, value, monte_carlo_se, n_trials``. ``has_best``: share of
        trials with a best arm; of those, ``chooses_best`` and ``share_on_best``.
    """
    import pandas as pd

    allocation = operating.allocation
    sign = 1.0 if operating.endpoint["outcome"] == Score.QUALITY_OF_LIFE else -1.0
    rows: list[dict[str, Any]] = []
    for scenario, trials in groups_of(operating.trials, "scenario") if len(allocation) else ():
        mine = allocation.loc[allocation["scenario"] == scenario]
        patients = mine.pivot_table(index="trial", columns="arm", values="patients", aggfunc="sum")
        has_best, chooses, shares = [], [], []
        for trial, found in groups_of(trials, "trial"):
            if trial not in patients.index:
                continue
            best = _best_arm(found, sign)
            has_best.append(best != "")
            if best:
                of_trial = patients.loc[trial]
                chooses.append(_chosen_arm(found, sign) == best)
                shares.append(float(of_trial[best] / of_trial.sum()))
        quantities: list[_Quantity] = [
            ("has_best", *share_of(np.array(has_best))),
            ("chooses_best", *share_of(np.array(chooses))),
            ("share_on_best", *mean_of(np.array(shares))),
        ]
        rows += [{"scenario": scenario} | quantity_row(item) for item in quantities]
    return pd.DataFrame(rows)


def _best_arm(found: pd.DataFrame, sign: float) -> str:
    """Return the arm with the largest true benefit, "" where none is told from the next."""
    benefit = np.append(sign * found["truth"].to_numpy(dtype=float), 0.0)
    error = np.append(found["truth_error"].to_numpy(dtype=float), 0.0)
    names = [*found["arm"], found["control"].iloc[0]]
    if not np.isfinite(benefit).all():
        return ""
    order = np.argsort(-benefit, kind="stable")
    first, second = order[:2]
    apart = benefit[first] - benefit[second]
    return str(names[first]) if apart > 2 * np.hypot(error[first], error[second]) else ""


def _chosen_arm(found: pd.DataFrame, sign: float) -> str:
    benefit = np.nan_to_num(sign * found["estimate"].to_numpy(dtype=float), nan=-np.inf)
    place = int(benefit.argmax())
    return str(found["arm"].iloc[place] if benefit[place] > 0 else found["control"].iloc[0])


def analysis_characteristics(operating: OperatingCharacteristics) -> pd.DataFrame:
    """Return what other analyses of the same trials find, by which a time trend shows; empty as above.

    Returns
    -------
    pandas.DataFrame
        One row a scenario, comparison, analysis and quantity: ``success`` (a benefit is shown), ``rejection`` (either
        direction), ``bias``, ``coverage``, ``mean_standard_error``, ``not_estimable`` (share of trials, which count as
        not shown) and ``controls`` (with an endpoint).
    """
    return judged(operating.analyses, ["scenario", "comparison", "analysis"], counts="n_control")


def margin_characteristics(operating: OperatingCharacteristics) -> pd.DataFrame:
    """Return what factorial trials find at their margins, and of the interaction; empty for others.

    Returns
    -------
    pandas.DataFrame
        One row a scenario, margin and quantity, as in `analysis_characteristics`, and ``mean_truth`` with
        ``truth_error`` (mean Monte-Carlo error of a trial's truth).
    """
    return judged(operating.margins, ["scenario", "margin"])


def judged(frame: pd.DataFrame, keys: list[str], counts: str = "") -> pd.DataFrame:
    """Return how rows with ``estimate, standard_error, ci_low, ci_high, shown, rejected, truth`` stand to the truth."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for key, mine in groups_of(frame, keys):

        def column(name: str, of: pd.DataFrame = mine) -> NDArray[np.float64]:
            return of[name].to_numpy(dtype=float)

        estimate, truth = column("estimate"), column("truth")
        known = np.isfinite(estimate) & np.isfinite(truth)
        covered = (column("ci_low") <= truth) & (truth <= column("ci_high"))
        found: list[_Quantity] = [
            ("success", *share_of(mine["shown"].to_numpy(dtype=bool))),
            ("rejection", *share_of(mine["rejected"].to_numpy(dtype=bool))),
            ("bias", *mean_of((estimate - truth)[known])),
            ("coverage", *share_of(covered[known])),
            ("mean_standard_error", *mean_of(column("standard_error")[np.isfinite(estimate)])),
            ("mean_truth", *mean_of(truth[np.isfinite(truth)])),
            ("not_estimable", *share_of(~np.isfinite(estimate))),
        ]
        if counts:
            found.append(("controls", *mean_of(column(counts))))
        if "truth_error" in mine:
            found.append(("truth_error", *mean_of(column("truth_error")[known])))
        rows += [dict(zip(keys, key, strict=True)) | quantity_row(item) for item in found]
    return pd.DataFrame(rows)
