"""The record of what has been published: seven frames that agree with each other."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import pandas as pd

from sciatrial.foundation import Intervention, Record


@dataclass(frozen=True, repr=False, eq=False)
class Evidence(Record):
    """Seven checked tables; columns as in ``tables/SCHEMA.md``.

    Number columns are float with NaN for an empty cell, all others text with "" for an empty cell. The functions of
    this room never change a frame.
    """

    studies: pd.DataFrame
    arms: pd.DataFrame
    outcomes: pd.DataFrame
    safety: pd.DataFrame
    risk_of_bias: pd.DataFrame
    facts: pd.DataFrame
    parameters: pd.DataFrame

    def __repr__(self) -> str:
        is_cells = self.arms["intervention"] == Intervention.CELL_THERAPY
        studies = set(self.arms.loc[is_cells, "study_id"])
        return (
            f"Evidence: {len(self.studies)} studies, {len(self.arms)} arms, {len(self.outcomes)} outcome rows\n"
            f"  cell therapy: {is_cells.sum()} arms in {len(studies)} studies\n"
            f"  fingerprint {self.fingerprint()}"
        )

    def table(self) -> pd.DataFrame:
        """Return how many rows each table holds and how many studies they come from.

        Returns
        -------
        pandas.DataFrame
            One row a table; columns ``table, rows, studies``. `facts` and `parameters` belong to no study of the
            tables: NaN.
        """
        names = [field.name for field in dataclasses.fields(self)]
        frames: list[pd.DataFrame] = [getattr(self, name) for name in names]
        studies = [len(set(frame["study_id"])) if "study_id" in frame.columns else float("nan") for frame in frames]
        return pd.DataFrame({"table": names, "rows": [len(frame) for frame in frames], "studies": studies})
