"""Which published numbers are compared with one another: arms of one study, alike in all but the treatment."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sciatrial.calibration.terms import TermKind
from sciatrial.foundation import Intervention

UNTREATED = (
    Intervention.USUAL_CARE, Intervention.PLACEBO_ORAL, Intervention.SHAM, Intervention.SALINE,
    Intervention.HYALURONIC_ACID, Intervention.LOCAL_ANAESTHETIC,
)  # fmt: skip
_CONTRASTED = (TermKind.CHANGE, TermKind.FINAL, TermKind.SHARE)
_SAME = ["study_id", "score", "rule", "kind", "month"]
_COLUMNS = [
    "treated", "control", *_SAME, "intervention", "control_intervention", "versus_control", "is_cells", "observed",
    "se",
]  # fmt: skip


def uncontrolled_cells(rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which numbers come from cell arms that no arm without cells stands beside; dims as the rows.

    An arm counts as controlled where the same study prints the same statistic of the same score at the same visit for
    an arm without cells. A printed difference between two arms has its control with it.
    """
    beside = set(map(tuple, rows.loc[~rows["is_cells"].astype(bool), _SAME].to_numpy().tolist()))
    keys = zip(rows["is_cells"], rows[_SAME].to_numpy().tolist(), strict=True)
    alone = np.array([bool(cells) and tuple(values) not in beside for cells, values in keys], dtype=bool)
    return alone & (rows["kind"] != TermKind.DIFFERENCE).to_numpy(dtype=bool)


def controlled_cell_trials(rows: pd.DataFrame) -> list[str]:
    """Return the studies with a number of cells that has a control (see `uncontrolled_cells`), in their order."""
    with_control = rows["is_cells"].to_numpy(dtype=bool) & ~uncontrolled_cells(rows)
    return [str(study) for study in dict.fromkeys(rows.loc[with_control, "study_id"])]


def contrast_pairs(rows: pd.DataFrame) -> pd.DataFrame:
    """Return which terms are compared: arms of one study by the same score, rule, kind and month.

    The control is the first arm that nobody treats (see `UNTREATED`), or else the first arm.

    Parameters
    ----------
    rows
        As in `Terms`.

    Returns
    -------
    pandas.DataFrame
        ``treated, control`` (places in `rows`), what the two have in common, ``intervention`` (of the treated),
        ``control_intervention``, ``versus_control`` (the control is untreated, the treated arm is not), ``is_cells``
        (of either arm), ``observed`` (treated minus control) and its ``se``.
    """
    table: Any = rows.reset_index(drop=True)
    made: list[dict[str, Any]] = []
    for key, group in table[table["kind"].isin(_CONTRASTED)].groupby(_SAME, sort=False):
        untreated = group["intervention"].isin(UNTREATED)
        control = int((group[untreated] if untreated.any() else group).index[0])
        of_control = table.loc[control]
        for treated, arm in group.drop(index=control).iterrows():
            made.append(
                {
                    "treated": int(treated), "control": control, **dict(zip(_SAME, key, strict=True)),
                    "intervention": arm["intervention"], "control_intervention": of_control["intervention"],
                    "versus_control": bool(untreated[control] and not untreated[treated]),
                    "is_cells": bool(arm["is_cells"] or of_control["is_cells"]),
                    "observed": arm["observed"] - of_control["observed"],
                    "se": float(np.hypot(arm["se"], of_control["se"])),
                }
            )  # fmt: skip
    return pd.DataFrame(made, columns=_COLUMNS)
