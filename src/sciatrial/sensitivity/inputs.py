"""The numbers that are uncertain and could matter: prior rows with a range that this cohort and arm can meet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sciatrial.clinic import SCORES, Protocol
from sciatrial.foundation import Cause
from sciatrial.model import Model
from sciatrial.parameters import CELL_EFFECTS, Prior, PriorRow
from sciatrial.population import CONTEXTS, HERNIATION_CLASSES

# what only the measurement of a score meets: outcomes here are true values
_MEASUREMENT = ("measurement_sd", "fluctuation_sd", "fluctuation_days", "fluctuation_shared_fraction")
_MEASUREMENT_TOO = ("answers_in_steps_fraction",)


@dataclass(frozen=True)
class Input:
    """One uncertain number, and the module of the model that uses it (or ``clinic``, ``population``).

    Either a prior row, or ``group``: whether the effects of a group are there at all.
    """

    row: PriorRow | None
    module: str
    group: str = ""

    @property
    def key(self) -> str:
        """``name``, ``qualifier.name`` or ``presence.group``."""
        return f"presence.{self.group}" if self.row is None else self.row.key


def uncertain_inputs(model: Model, prior: Prior, *, causes: Sequence[Cause], protocol: Protocol) -> tuple[Input, ...]:
    """Return what is uncertain for patients of these causes under this arm.

    First the prior rows with a range, in their order, then each group of effects that may be absent.
    """
    modules = _modules(model)
    words = _words(causes, protocol)
    found = []
    for row in prior.entries:
        if row.low is None or row.low == row.high or row.name in (*_MEASUREMENT, *_MEASUREMENT_TOO):
            continue
        if row.qualifier and row.qualifier not in words:
            continue
        if row.inclusion in CELL_EFFECTS and not protocol.is_cell_therapy:
            continue
        found.append(Input(row, modules.get(row.name, row.used_by)))
    groups = dict.fromkeys(item.row.inclusion for item in found if item.row is not None and item.row.inclusion)
    return (*found, *(Input(None, "presence", group) for group in groups))


def _words(causes: Sequence[Cause], protocol: Protocol) -> set[str]:
    said = [
        *causes, protocol.cell_type, protocol.which_carrier, protocol.where, protocol.which_drug, protocol.donor,
        protocol.intervention, "chronifier", "cultured", "fresh", "at_root", "intradiscal", *CONTEXTS,
    ]  # fmt: skip
    if Cause.HERNIATION in causes:
        said += list(HERNIATION_CLASSES)
    return {str(word) for word in said if word is not None} - {str(score) for score in SCORES}


def _modules(model: Model) -> dict[str, str]:
    """Return parameter → the theme whose laws use it; several are joined by a plus sign."""
    users: dict[str, list[str]] = {}
    for law in (*model.formulas, *model.mechanisms):
        function = getattr(law, "value", None) or law.rate  # type: ignore[union-attr]
        theme = function.__module__.rpartition(".")[2]
        for name in law.needs:
            users.setdefault(name, []).append(theme)
    return {name: " + ".join(dict.fromkeys(users[name])) for name in model.parameter_names if name in users}


def names_of(inputs: Iterable[Input]) -> list[str]:
    """Return the keys of inputs."""
    return [item.key for item in inputs]
