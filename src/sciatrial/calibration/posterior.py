"""What a calibration leaves behind: draws of every number, and what is needed to predict a study with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sciatrial.foundation import CalibrationError, Problem, Record
from sciatrial.parameters import Draws

_Kept = TypeVar("_Kept", bound=Record)

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Posterior(Record):
    """Draws of the parameters given the published trials and facts, and of what trials differ by.

    ``keys, scales, values, sds, groups, included`` make the `Draws` of the parameters; a trial's own shifts among them
    are drawn afresh for a new trial, from the t of the likelihood. ``coordinates`` (dims ``draw, coordinate``) are
    standard normal under the prior, ``coordinate_keys`` their names. ``discrepancy`` (dims ``draw, column``;
    ``columns`` names them), ``spreads`` (dims ``draw, spread``) and ``shift_sds`` (dims ``draw, shift``) say what the
    mechanism leaves, by a t with ``freedom``.
    ``parameters`` has a row a coordinate: prior and posterior on its own scale, contraction. ``effects`` has the
    probability of each effect before and after, ``no_cell_effect`` that of none of those of cells, with its Monte-Carlo
    standard error; draws, and what is said of cells, are weighted by the simulator (see `CellDraws`), `parameters` are
    not. ``checks`` says whether the fit can be believed, ``made_with`` what it was made from.
    """

    keys: tuple[str, ...]
    scales: tuple[str, ...]
    values: NDArray[np.float64]
    sds: NDArray[np.float64]
    groups: tuple[str, ...]
    included: NDArray[np.bool_]
    coordinate_keys: tuple[str, ...]
    coordinates: NDArray[np.float64]
    columns: tuple[str, ...]
    discrepancy: NDArray[np.float64]
    spreads: NDArray[np.float64]
    shift_sds: NDArray[np.float64]
    freedom: float
    parameters: pd.DataFrame
    effects: pd.DataFrame
    no_cell_effect: tuple[float, float]
    checks: pd.DataFrame
    made_with: Mapping[str, Any] = field(default_factory=dict)

    @property
    def draws(self) -> Draws:
        """The parameters, one draw a row, for simulating trials."""
        return Draws(self.keys, self.scales, self.values, self.sds, self.groups, self.included)

    @property
    def converged(self) -> bool:
        """Whether every check holds."""
        return bool(self.checks["holds"].all())

    @property
    def probability_of_no_cell_effect(self) -> float:
        """Probability that no mechanism of cells is there at all."""
        return self.no_cell_effect[0]

    def __len__(self) -> int:
        return len(self.values)

    def table(self) -> pd.DataFrame:
        """Return prior and posterior of each parameter."""
        return self.parameters

    def __repr__(self) -> str:
        failed = self.checks.loc[~self.checks["holds"].astype(bool), "check"].tolist()
        state = "every check holds" if not failed else f"DOES NOT HOLD: {', '.join(failed)}"
        return (
            f"Posterior: {len(self.values)} draws of {len(self.keys)} numbers\n"
            f"  no cell effect at all: {self.probability_of_no_cell_effect:.0%}\n"
            f"  {state}"
        )


@cache
def reference_posterior() -> Posterior:
    """Return the posterior that ships with the package.

    Raises
    ------
    CalibrationError
        When the package was installed without it.
    """
    return shipped(Posterior, "posterior", "calibrate")


def shipped(kind: type[_Kept], name: str, verb: str) -> _Kept:
    """Return a record that ships with the package, made by a verb of the command line.

    Raises
    ------
    CalibrationError
        When the package was installed without it.
    """
    folder = Path(str(files("sciatrial.calibration").joinpath("reference", name)))
    if not folder.is_dir():
        what = Problem(f"reference {name}", "is not installed", "the package's own data", f"run `sciatrial {verb}`")
        raise CalibrationError("calibration", [what])
    return kind.load(folder)
