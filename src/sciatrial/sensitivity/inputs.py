"""The numbers that are uncertain and could matter: prior rows with a range that this cohort and arm can meet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sciatrial.calibration import Prior, PriorRow
from sciatrial.clinic import SCORES, Protocol
from sciatrial.foundation import Cause
from sciatrial.model import Model
from sciatrial.population import CONTEXTS, HERNIATION_CLASSES

# what only the measurement of a score meets: outcomes here are true values
_MEASUREMENT = ("measurement_sd", "fluctuation_sd", "fluctuation_days", "fluctuation_shared_fraction")
_MEASUREMENT_TOO = ("answers_in_steps_fraction",)


@dataclass(frozen=True)
class Input:
    """One uncertain number: its row, and the module of the model that uses it (or ``clinic``, ``population``)."""

    row: PriorRow
    module: str

    @property
    def key(self) -> str:
        """``name``, or ``qualifier.name``."""
        return self.row.key


def uncertain_inputs(model: Model, prior: Prior, *, cause: Cause, protocol: Protocol) -> tuple[Input, ...]:
    """Return the prior rows with a range that patients of this cause under this arm can meet, in their order."""
    modules = _modules(model)
    words = _words(cause, protocol)
    found = []
    for row in prior.entries:
        if row.low is None or row.low == row.high or row.name in (*_MEASUREMENT, *_MEASUREMENT_TOO):
            continue
        if row.qualifier and row.qualifier not in words:
            continue
        found.append(Input(row, modules.get(row.name, row.used_by)))
    return tuple(found)


def _words(cause: Cause, protocol: Protocol) -> set[str]:
    said = [
        cause, protocol.cell_type, protocol.carrier or "saline", protocol.where, protocol.which_drug, protocol.donor,
        protocol.intervention, "chronifier", "cultured", "fresh", "at_root", "intradiscal", *CONTEXTS,
    ]  # fmt: skip
    if cause is Cause.HERNIATION:
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
