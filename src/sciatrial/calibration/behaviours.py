"""What the model must do and does, at the reference values: the committed table."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def read_behaviours() -> pd.DataFrame:
    """Return the required behaviours of the model and whether it shows them.

    Returns
    -------
    pandas.DataFrame
        Columns ``behaviour, expected, got, holds``. A test computes them afresh; many of the targets were used to
        set the reference values, so a row that holds is no evidence of prediction.
    """
    import pandas as pd

    with files("sciatrial.calibration").joinpath("tables", "behaviours.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, dtype={"behaviour": str, "expected": str, "got": str, "holds": bool})
