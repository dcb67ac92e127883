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
        Columns ``behaviour, expected, prototype, got, holds``: the target, what the prototype of the model's
        description gave (``not asked`` where it has no figure), what the model gives. A test computes them afresh; many
        of the targets were used to set the reference values, so a row that holds is no evidence of prediction.
    """
    import pandas as pd

    with files("sciatrial.parameters").joinpath("tables", "behaviours.csv").open(encoding="utf-8") as file:
        words = dict.fromkeys(("behaviour", "expected", "prototype", "got"), str)
        return pd.read_csv(file, dtype={**words, "holds": bool})
