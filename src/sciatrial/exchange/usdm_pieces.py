"""The pieces that a USDM document is made of, each with an identifier of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sciatrial.exchange.usdm_terms import CODE_SYSTEM, CODE_VERSION, Term

Piece = dict[str, Any]


class Pieces:
    """Makes instances and counts them by class: the identifier of the third code is ``Code_3``."""

    def __init__(self) -> None:
        self._made: Counter[str] = Counter()

    def make(self, kind: str, **values: Any) -> Piece:
        """Return an instance of a class of the model."""
        self._made[kind] += 1
        return {"id": f"{kind}_{self._made[kind]}", "extensionAttributes": [], **values, "instanceType": kind}

    def named(self, kind: str, name: str, *, label: str = "", description: str = "", **values: Any) -> Piece:
        """Return an instance of a class whose instances have names; names are unique within a class."""
        return self.make(kind, name=name, label=label or name, description=description or label or name, **values)

    def code(self, term: Term) -> Piece:
        """Return a code of CDISC terminology."""
        return self.make(
            "Code", code=term.concept, codeSystem=CODE_SYSTEM, codeSystemVersion=CODE_VERSION, decode=term.meaning
        )

    def alias(self, term: Term) -> Piece:
        """Return the same where the model wants a code that may have aliases."""
        return self.make("AliasCode", standardCode=self.code(term), standardCodeAliases=[])

    def quantity(self, value: float, unit: Term | None = None) -> Piece:
        """Return a number with its unit."""
        return self.make("Quantity", value=value, unit=None if unit is None else self.alias(unit))

    def duration(self, text: str, value: float, unit: Term) -> Piece:
        """Return how long something takes, the same for everybody."""
        return self.make(
            "Duration", text=text, quantity=self.quantity(value, unit), durationWillVary=False,
            reasonDurationWillVary=None,
        )  # fmt: skip

    def moment(self, text: str) -> Piece:
        """Return when something happens once; how long it takes is not told, which is no length of its own."""
        return self.make(
            "Duration", text=text, quantity=None, durationWillVary=True,
            reasonDurationWillVary="Given once; the study file does not say how long that takes",
        )  # fmt: skip


def chained(pieces: Sequence[Piece]) -> list[Piece]:
    """Return pieces that know which comes before and after them."""
    names = [None, *(piece["id"] for piece in pieces), None]
    return [
        {**piece, "previousId": before, "nextId": after}
        for piece, before, after in zip(pieces, names, names[2:], strict=False)
    ]
