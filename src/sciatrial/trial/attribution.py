"""Where relief comes from: less inflammation, repair, neurotrophic support, needle and fluid, or the context of care.

Every part of a treatment can be switched off alone. Each patient is followed under every combination of parts, with the
same luck; a part's share is its Shapley value, the mean of what it adds over all orders in which the parts could be
switched on. Shares add up to the whole relief exactly, and what is alone or missing shows how far parts overlap.

Source
------
Shapley, A value for n-person games (1953).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import factorial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.clinic import Protocol, sham_of
from sciatrial.engine import Events, simulate
from sciatrial.foundation import (
    DAYS_PER_MONTH,
    Intervention,
    Problem,
    Progress,
    Record,
    Score,
    TrialError,
    months_problem,
    signed,
    silent,
    unknown_word,
)
from sciatrial.model import Model
from sciatrial.parameters import Draw
from sciatrial.population import Cohort, Patients, sample_patients, treated_patients
from sciatrial.trial.results import Scenario

if TYPE_CHECKING:
    import pandas as pd

# which numbers carry a mechanism of action of cells; the rest of a cell arm is needle, fluid and context
CELL_PARTS: dict[str, tuple[str, ...]] = {
    "less_inflammation": ("anti_inflammatory_per_cell", "disc_resolution_gain"),
    "neurotrophic_support": ("neurotrophic_per_cell",),
    "repair": ("native_synthesis_gain", "converted_cell_matrix_factor"),
}
# what cells do by being there, whatever they secrete or become: they take up room in the disc and are cleared
BURDEN = "burden_of_cells"
_CELL_STATES = (
    "loose_disc_cells", "anchored_disc_cells", "converted_disc_cells", "loose_epidural_cells",
    "anchored_epidural_cells", "circulating_cells", "lost_cells",
)  # fmt: skip
PROCEDURE, DRUG, CONTEXT = "needle_and_fluid", "treatment", "context"
_PROCEDURE_NUMBERS = (
    "injectate_disc_effect", "injectate_root_relief_fraction", "needle_disc_injury_fraction",
    "needle_root_irritation_fraction", "procedure_flare_fraction",
)  # fmt: skip


@dataclass(frozen=True)
class Attribution(Record):
    """What each part of a treatment contributes, by month.

    ``shares`` has one row a draw, month and part: ``draw, month, part, share, alone, missing``, in points of the
    outcome against co-treatments alone (below 0 is relief where higher scores are worse): the part's Shapley value,
    the effect of that part alone, and what the whole loses without it. ``whole`` has ``draw, month, natural,
    treated``: the mean outcome under co-treatments alone, if any, and with the whole treatment. The burden of cells
    that do nothing else is not shared out: no other cell part can act without it. ``scenario`` says what was drawn.
    """

    arm: str
    outcome: str
    n_patients: int
    shares: pd.DataFrame
    whole: pd.DataFrame
    scenario: str = Scenario.PRIOR

    def table(self) -> pd.DataFrame:
        """Return each part's share by month: the median over draws and the middle 90 % of them."""
        shares: Any = self.shares
        columns = {"median": ("share", "median"), "low": ("share", _low), "high": ("share", _high)}
        return shares.groupby(["month", "part"], sort=False).agg(**columns).reset_index()

    def __repr__(self) -> str:
        last = self.whole["month"].max()
        table: Any = self.table()
        table = table[table["month"] == last]
        parts = ", ".join(f"{part} {signed(share)}" for part, share in zip(table["part"], table["median"], strict=True))
        return f"Attribution: {self.outcome} at month {last:g}, {self.n_patients} patients a draw\n  {parts}"


def _low(shares: Any) -> float:
    return float(shares.quantile(0.05))


def _high(shares: Any) -> float:
    return float(shares.quantile(0.95))


def parts_of(protocol: Protocol) -> tuple[str, ...]:
    """Return the parts into which an arm's effect is divided; none for usual care."""
    if protocol.context is None:
        return ()
    if protocol.is_cell_therapy:
        return (*CELL_PARTS, PROCEDURE, CONTEXT)
    return (CONTEXT,) if protocol.intervention in _CONTEXT_ONLY else (DRUG, CONTEXT)


_CONTEXT_ONLY = (Intervention.SHAM, Intervention.PLACEBO_ORAL)


def attribute(
    model: Model,
    protocol: Protocol,
    draws: Sequence[Draw],
    cohort: Cohort,
    *,
    outcome: Score | str = Score.LEG_PAIN,
    months: Sequence[float] = (1.0, 3.0, 6.0, 12.0),
    n_patients: int = 200,
    seed: int,
    arm: str = "arm",
    scenario: Scenario | str = Scenario.PRIOR,
    threads: int | None = None,
    progress: Progress = silent,
) -> Attribution:
    """Divide an arm's effect into its parts, draw by draw.

    Parameters
    ----------
    model, protocol, cohort
        The equations, the arm, and who enrols.
    draws
        Draws of the prior or posterior. A mechanism that a draw leaves out has share 0 in that draw.
    outcome
        A score; true values, without error of measurement.
    months
        Months after randomisation, above 0, up to 60.
    n_patients
        Patients a draw, 2 or more.
    seed
        Any whole number.
    arm
        What to call it.
    scenario
        What the draws are of: ``prior``, ``posterior`` or ``reference``.

    Raises
    ------
    TrialError
        For an arm without parts, an unknown outcome, or no month.
    """
    _refuse(protocol, outcome, months, n_patients, draws)
    names = parts_of(protocol)
    days = np.array(sorted(months)) * DAYS_PER_MONTH
    shares, whole = [], []
    progress.start(f"parts of {arm}", len(draws))
    for number, draw in enumerate(draws):
        patients = sample_patients(model, draw, cohort, n_patients=n_patients, seed=seed, threads=threads)
        worth, natural = _worth(model, protocol, patients, names, days, str(outcome), seed, threads)
        idle, treated = worth[frozenset()], worth[frozenset(names)]
        for place, month in enumerate(sorted(months)):
            whole.append({"draw": number, "month": month, "natural": natural[place], "treated": treated[place]})
            for name in names:
                shares.append(
                    {
                        "draw": number,
                        "month": month,
                        "part": name,
                        "share": shapley(name, names, {key: value[place] for key, value in worth.items()}),
                        "alone": worth[frozenset({name})][place] - idle[place],
                        "missing": treated[place] - worth[frozenset(names) - {name}][place],
                    }
                )
            if protocol.is_cell_therapy:
                burden = idle[place] - natural[place]
                row = {"draw": number, "month": month, "part": BURDEN}
                shares.append(row | {"share": burden, "alone": burden, "missing": burden})
        if not progress.advance(1):
            raise KeyboardInterrupt
    progress.finish()
    import pandas as pd

    told = str(Scenario(scenario))
    return Attribution(arm, str(outcome), n_patients, pd.DataFrame(shares), pd.DataFrame(whole), told)


def _refuse(
    protocol: Protocol, outcome: Score | str, months: Sequence[float], n_patients: int, draws: Sequence[Draw]
) -> None:
    problems = []
    if not parts_of(protocol):
        problems.append(Problem("arm", f"{protocol.intervention} has no parts", "an arm that receives something"))
    if str(outcome) not in [str(score) for score in Score]:
        problems.append(unknown_word("outcome", str(outcome), Score, "score"))
    wrong_months = months_problem("months", months)
    if wrong_months is not None:
        problems.append(wrong_months)
    if n_patients < 2:
        problems.append(Problem("n_patients", f"is {n_patients}", "2 or more"))
    if not draws:
        problems.append(Problem("draws", "there is none", "one draw or more"))
    if problems:
        raise TrialError("attribution", problems)


def shapley(part: str, parts: Sequence[str], worth: Mapping[frozenset[str], float]) -> float:
    """Return the Shapley value of a part, from the worth of every combination of parts."""
    others = [name for name in parts if name != part]
    value = 0.0
    for size in range(len(others) + 1):
        weight = factorial(size) * factorial(len(others) - size) / factorial(len(parts))
        for chosen in combinations(others, size):
            without = frozenset(chosen)
            value += weight * (worth[without | {part}] - worth[without])
    return value


def _worth(
    model: Model,
    protocol: Protocol,
    patients: Patients,
    names: Sequence[str],
    days: NDArray[np.float64],
    outcome: str,
    seed: int,
    threads: int | None,
) -> tuple[dict[frozenset[str], NDArray[np.float64]], NDArray[np.float64]]:
    """Return the mean outcome (dims ``month``) under every combination of parts, and without any cells.

    All in one call of the engine. Without cells means that no part acts and no cell is given.
    """
    kept = [frozenset(chosen) for size in range(len(names) + 1) for chosen in combinations(names, size)]
    n = len(patients)
    natural = patients.later_events(model, float(days[-1]))
    parameters, events = [], []
    for place, on in enumerate(kept):
        mine, given = _with_parts(model, protocol, patients, on, seed, float(days[-1]))
        both = Events.joined(natural, given)
        parameters.append(mine)
        events.append(replace(both, patient=both.patient + place * n))
    parameters.append(parameters[0])
    places = [model.state_names.index(name) for name in _CELL_STATES]
    rest = events[0].where(~np.isin(events[0].state, places))
    events.append(replace(rest, patient=rest.patient + len(kept) * n))
    run = simulate(
        model,
        np.concatenate(parameters),
        np.tile(patients.entry_states, (len(kept) + 1, 1)),
        times_days=days,
        events=Events.joined(*events),
        outputs=[outcome],
        threads=threads,
    )
    values = run[outcome].reshape(len(kept) + 1, n, len(days))
    # a patient who could not be solved under one combination is left out of all
    solved = (run.status == 0).reshape(len(kept) + 1, n).all(axis=0)
    means = values[:, solved].mean(axis=1)
    return dict(zip(kept, means, strict=False)), means[-1]


def _with_parts(
    model: Model, protocol: Protocol, patients: Patients, on: frozenset[str], seed: int, last_day: float
) -> tuple[NDArray[np.float64], Events]:
    """Return parameters (dims ``patient, parameter``) and events of an arm in which only these parts act."""
    draw = patients.draw
    if PROCEDURE not in on and protocol.is_cell_therapy:
        off = {key: 0.0 for key in draw.values if key.rpartition(".")[2] in _PROCEDURE_NUMBERS}
        draw = Draw({**draw.values, **off}, draw.sds, draw.scales)
    given = sham_of(protocol) if not protocol.is_cell_therapy and DRUG not in on else protocol
    parameters, events = treated_patients(model, patients, given, seed=seed, last_day=last_day, numbers=draw)
    silenced = [n for part, numbers in CELL_PARTS.items() if part not in on for n in numbers]
    if CONTEXT not in on:
        silenced.append("context_response_maximum")
    for name in silenced:
        parameters[:, model.parameter_names.index(name)] = 0.0
    return parameters, events
