"""Which published arms the model can simulate, and which not, counted with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sciatrial.clinic.protocol import CELLS_NOT_SIMULATABLE, NOT_SIMULATABLE, ROUTES
from sciatrial.foundation import CellType, Intervention, Route

if TYPE_CHECKING:
    import pandas as pd


def why_not_simulatable(intervention: str, cell_type: str = "", route: str = "") -> str:
    """Return why an arm with these words cannot be simulated, or an empty text when it can."""
    word = Intervention(intervention)
    if word in NOT_SIMULATABLE:
        return NOT_SIMULATABLE[word]
    if cell_type and CellType(cell_type) in CELLS_NOT_SIMULATABLE:
        return CELLS_NOT_SIMULATABLE[CellType(cell_type)]
    if route and Route(route) not in ROUTES[word]:
        return f"no mechanism for {word} by the route {route}"
    return ""


def simulatable_arms(arms: pd.DataFrame) -> pd.DataFrame:
    """Count published arms by intervention, cell type and whether the model can simulate them.

    Parameters
    ----------
    arms
        The arms table of the evidence.

    Returns
    -------
    pandas.DataFrame
        Columns ``intervention, cell_type, n_arms, is_simulatable, why_not``; every arm is counted once.
    """
    table = arms[["intervention", "cell_type", "route"]].fillna("").astype(str)
    table = table.assign(
        why_not=[
            why_not_simulatable(i, c, r)
            for i, c, r in zip(table["intervention"], table["cell_type"], table["route"], strict=True)
        ]
    )
    kinds = table.groupby(["intervention", "cell_type", "why_not"]).size()
    counts = kinds.to_frame("n_arms").reset_index()
    counts.insert(3, "is_simulatable", counts["why_not"] == "")
    return counts.reindex(columns=["intervention", "cell_type", "n_arms", "is_simulatable", "why_not"])
