"""Parameter rows → one prior for each parameter, and draws from it.

A row gives a reference value, a range, and the scale on which the parameter varies. The prior of the population value
is a normal on that scale, centred on the reference, as wide as if the range held its central 90 %, and cut off there:
every draw lies in the range. A draw fixes every population value, every between-patient spread and the trial-level
shifts: all patients of one simulated trial share it.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sciatrial.foundation import CalibrationError, Problem, Record, uniforms

if TYPE_CHECKING:
    import pandas as pd

_NORMAL_90 = 1.6448536269514722

_ONTO_SCALE: dict[str, Callable[[NDArray], NDArray]] = {
    "linear": lambda x: x,
    "log": np.log,
    "logit": lambda x: np.log(x) - np.log1p(-x),
    "fixed": lambda x: x,
}
_FROM_SCALE: dict[str, Callable[[NDArray], NDArray]] = {
    "linear": lambda x: x,
    "log": np.exp,
    "logit": lambda x: 1 / (1 + np.exp(-x)),
    "fixed": lambda x: x,
}


def onto_scale(scale: str, value: NDArray | float) -> NDArray:
    """Return `value` on the scale ``linear``, ``log`` or ``logit`` on which a parameter varies."""
    return _ONTO_SCALE[scale](np.asarray(value, dtype=float))


def from_scale(scale: str, value: NDArray | float) -> NDArray:
    """Return the value whose transform is `value`; the inverse of `onto_scale`."""
    return _FROM_SCALE[scale](np.asarray(value, dtype=float))


class PriorRow(BaseModel):
    """One row of the prior table.

    `qualifier` narrows the row to a cause, a herniation class, a cell type, a fluid, a score or a kind of context;
    `inclusion` names the effect that is left out as a whole with a stated probability; `basis` says where the number
    comes from: measured, tuned (by hand, on the behaviours that `sources` name), assumed, or a choice of scale.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = Field(min_length=1)
    qualifier: str
    used_by: Literal["model", "clinic", "population"]
    reference: float
    low: float | None
    high: float | None
    scale: Literal["linear", "log", "logit", "fixed"]
    patient_sd: float = Field(ge=0)
    inclusion: str
    basis: Literal["measured", "tuned", "assumed", "scale"]
    sources: str = Field(min_length=1)
    note: str

    @property
    def key(self) -> str:
        """``name``, or ``qualifier.name``."""
        return f"{self.qualifier}.{self.name}" if self.qualifier else self.name

    @model_validator(mode="after")
    def _range_holds_the_reference(self) -> PriorRow:
        if (self.low is None) != (self.high is None):
            raise ValueError("low and high are given together or not at all")
        if self.low is not None and self.high is not None and not self.low <= self.reference <= self.high:
            raise ValueError(f"the reference {self.reference} lies outside {self.low} to {self.high}")
        if self.scale == "fixed" and (self.low is not None or self.patient_sd):
            raise ValueError("a fixed number has neither a range nor a spread between patients")
        smallest = self.reference if self.low is None else self.low
        largest = self.reference if self.high is None else self.high
        if (self.scale in ("log", "logit") and smallest <= 0) or (self.scale == "logit" and largest >= 1):
            raise ValueError(f"the range does not fit the scale {self.scale!r}")
        return self


@dataclass(frozen=True)
class Prior:
    """The checked rows of the prior table, in its order."""

    entries: tuple[PriorRow, ...]

    @property
    def rows(self) -> pd.DataFrame:
        """The table as a frame, one row a prior, with its key."""
        import pandas as pd

        return pd.DataFrame([{"key": row.key, **row.model_dump()} for row in self.entries])

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the effects that may be left out as a whole."""
        return tuple(dict.fromkeys(row.inclusion for row in self.entries if row.inclusion))

    def table(self) -> pd.DataFrame:
        """Return the rows as a frame."""
        return self.rows

    def __repr__(self) -> str:
        bases = [row.basis for row in self.entries]
        counts = ", ".join(f"{bases.count(word)} {word}" for word in dict.fromkeys(bases))
        return f"Prior: {len(self.entries)} rows ({counts})\n  effects that may be absent: {len(self.groups)}"


def read_prior(path: str | Path | None = None) -> Prior:
    """Read the prior table.

    Parameters
    ----------
    path
        A CSV file with the columns of the shipped table; None reads the shipped one.

    Raises
    ------
    CalibrationError
        With every faulty row: unknown column, number out of range, reference outside its range, a key twice.
    """
    source = files("sciatrial.parameters").joinpath("tables", "priors.csv") if path is None else Path(path)
    try:
        lines = source.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem("file", f"cannot be read ({error})", "a CSV file in UTF-8", "check the path")
        raise CalibrationError(str(source), problem) from error
    entries: list[PriorRow] = []
    problems: list[Problem] = []
    for number, cells in enumerate(csv.DictReader(lines), start=2):
        values: dict[str, object] = {str(k): v for k, v in cells.items()}
        values.update({name: None for name in ("low", "high") if values.get(name) == ""})
        values["patient_sd"] = values.get("patient_sd") or 0
        try:
            entries.append(PriorRow.model_validate(values))
        except ValidationError as error:
            problems.extend(
                Problem(
                    f"row {number} ({cells.get('name')}), column {'.'.join(map(str, e['loc'])) or 'low to high'}",
                    f"{e['msg']} (found {e['input']!r})" if e["loc"] else e["msg"],
                    "see the docstring of PriorRow",
                    "correct the row",
                )
                for e in error.errors()
            )
    keys = [row.key for row in entries]
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        problems.append(Problem(key, "has more than one row", "one row for a key", "delete one of them"))
    if problems:
        raise CalibrationError(Path(str(source)).name, problems)
    return Prior(tuple(entries))


@dataclass(frozen=True)
class Draws(Record):
    """Draws of every population value, spread and trial-level shift.

    `values` has dims ``draw, key``; `sds` (dims ``draw, key``) holds the between-patient standard deviation on the
    parameter's scale; `included` (dims ``draw, group``) says which effects exist in that draw.
    """

    keys: tuple[str, ...]
    scales: tuple[str, ...]
    values: NDArray[np.float64]
    sds: NDArray[np.float64]
    groups: tuple[str, ...]
    included: NDArray[np.bool_]

    def one(self, draw: int) -> Draw:
        """Return one draw."""
        return Draw(
            dict(zip(self.keys, self.values[draw].tolist(), strict=True)),
            dict(zip(self.keys, self.sds[draw].tolist(), strict=True)),
            dict(zip(self.keys, self.scales, strict=True)),
        )

    def table(self) -> pd.DataFrame:
        """Return the values as a frame, one row a draw."""
        import pandas as pd

        return pd.DataFrame(self.values, columns=list(self.keys))

    def __repr__(self) -> str:
        share = self.included.mean(axis=0) if len(self.included) else []
        effects = ", ".join(f"{group} {s:.0%}" for group, s in zip(self.groups, share, strict=True))
        return f"Draws: {self.values.shape[0]} draws of {len(self.keys)} numbers\n  effects present: {effects}"


@dataclass(frozen=True)
class Draw:
    """One draw: population values, between-patient spreads and scales, by key."""

    values: Mapping[str, float]
    sds: Mapping[str, float]
    scales: Mapping[str, str]

    def key(self, name: str, qualifiers: Iterable[str] = ()) -> str:
        """Return the most specific key for `name`: the first of ``qualifier.name`` that exists, else ``name``."""
        for qualifier in qualifiers:
            if f"{qualifier}.{name}" in self.values:
                return f"{qualifier}.{name}"
        return name

    def value(self, name: str, qualifiers: Iterable[str] = ()) -> float:
        """Return the population value of `name` under these qualifiers."""
        return self.values[self.key(name, qualifiers)]


def draw_parameters(
    prior: Prior, *, n_draws: int, seed: int, inclusion_probability: float = 0.5, first: int = 0
) -> Draws:
    """Draw population values, spreads and trial-level shifts from the prior.

    Draw number `i` is the same whatever `n_draws` is.

    Parameters
    ----------
    prior
        The rows.
    n_draws
        1 or more.
    seed
        Any whole number.
    inclusion_probability
        0 to 1: prior probability that each effect that may be absent is there.
    first
        Number of the first draw.

    Returns
    -------
    Draws
        ``n_draws`` draws; the value of an absent effect is 0.
    """
    if n_draws < 1:
        raise CalibrationError("draws", Problem("n_draws", f"is {n_draws}", "1 or more"))
    numbers = np.arange(first, first + n_draws)
    included = np.stack(
        [uniforms(seed, f"prior inclusion {group}", numbers) < inclusion_probability for group in prior.groups], axis=1
    )
    spread = next((row for row in prior.entries if row.name == "patient_spread_factor"), None)
    common_spread = np.ones(n_draws) if spread is None else _draw_row(spread, seed, numbers)
    columns, sds = [], []
    for row in prior.entries:
        value = _draw_row(row, seed, numbers)
        if row.inclusion:
            value = np.where(included[:, prior.groups.index(row.inclusion)], value, 0.0)
        columns.append(value)
        sds.append(row.patient_sd * common_spread)
    return _draws(prior, np.stack(columns, axis=1), np.stack(sds, axis=1), included)


def reference_draw(prior: Prior, *, included: Iterable[str] = (), n_draws: int = 1) -> Draws:
    """Return the reference values as a draw: no trial-level shift, and of the optional effects those in `included`."""
    wanted = set(included)
    values = [0.0 if row.inclusion and row.inclusion not in wanted else row.reference for row in prior.entries]
    sds = [row.patient_sd for row in prior.entries]
    flags = np.tile([group in wanted for group in prior.groups], (n_draws, 1))
    return _draws(prior, np.tile(values, (n_draws, 1)), np.tile(sds, (n_draws, 1)), flags)


def refuse_other_numbers(prior: Prior, draws: Draws) -> None:
    """Refuse draws that are not of the numbers of this prior, in its order.

    Raises
    ------
    CalibrationError
        Naming the first numbers that are missing or unknown.
    """
    keys = [row.key for row in prior.entries]
    if draws.keys == tuple(keys) and draws.groups == prior.groups:
        return
    odd = [f"without {key}" for key in keys if key not in draws.keys]
    odd += [f"with {key}" for key in draws.keys if key not in keys]
    found = f"are of other numbers than the prior table ({', '.join(odd[:3]) or 'in another order'})"
    what = Problem("draws", found, f"the {len(keys)} numbers of this version", "calibrate again with this version")
    raise CalibrationError("posterior", what)


def without_effects(prior: Prior, draws: Draws, groups: Iterable[str]) -> Draws:
    """Return the same draws with the named effects taken out."""
    out = set(groups)
    values, included = draws.values.copy(), draws.included.copy()
    for column, row in enumerate(prior.entries):
        if row.inclusion in out:
            values[:, column] = 0.0
    for column, group in enumerate(draws.groups):
        if group in out:
            included[:, column] = False
    return replace(draws, values=values, included=included)


def _draws(prior: Prior, values: NDArray, sds: NDArray, included: NDArray) -> Draws:
    keys = tuple(row.key for row in prior.entries)

    return Draws(keys, tuple(row.scale for row in prior.entries), values, sds, prior.groups, included)


def _draw_row(row: PriorRow, seed: int, numbers: NDArray) -> NDArray[np.float64]:
    if row.low is None or row.high is None:
        return np.full(len(numbers), row.reference)
    return prior_quantile(row, uniforms(seed, f"prior {row.key}", numbers))


def prior_quantile(row: PriorRow, share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the population value below which a share of the prior lies.

    Parameters
    ----------
    row
        A row of the prior table; one without a range has its reference value everywhere.
    share
        0 (the low end of the range) to 1 (the high end); any dims.
    """
    if row.low is None or row.high is None:
        return np.full(np.shape(share), row.reference)
    from scipy.special import ndtr, ndtri

    low, centre, high = (float(onto_scale(row.scale, x)) for x in (row.low, row.reference, row.high))
    sd = (high - low) / (2 * _NORMAL_90)
    if sd == 0 or not math.isfinite(sd):
        return np.full(np.shape(share), row.reference)
    below, above = ndtr((low - centre) / sd), ndtr((high - centre) / sd)
    return from_scale(row.scale, np.clip(centre + sd * ndtri(below + (above - below) * share), low, high))


CELL_EFFECTS = ("cell_anti_inflammatory", "cell_neurotrophic", "cell_disc_resolution", "cell_conversion")


@cache
def cell_effect_keys() -> tuple[str, ...]:
    """Return the numbers whose absence, all together, means that cells do nothing: those of `CELL_EFFECTS`."""
    return tuple(row.key for row in read_prior().entries if row.inclusion in CELL_EFFECTS)
