"""What a pooled result answers: which treatment, against what, in which outcome, when."""

from __future__ import annotations

from dataclasses import dataclass

from sciatrial.foundation import EvidenceError, Problem, unknown_word
from sciatrial.synthesis.treatments import CELLS, PLACEBO_PROCEDURE
from sciatrial.synthesis.trial_arms import OUTCOMES, PAIN, VISITS

RESPONDER = "responder"


@dataclass(frozen=True)
class Question:
    """One comparison, outcome and visit.

    Parameters
    ----------
    outcome
        "pain" (leg where it was measured, else unspecified, else back), a score of the tables, or "responder".
    month
        A key of `VISITS`: 1, 3, 6, 12, 24 or 36.
    treatment, comparator
        As `treatment_of` names them.
    """

    outcome: str = PAIN
    month: int = 12
    treatment: str = CELLS
    comparator: str = PLACEBO_PROCEDURE

    def __post_init__(self) -> None:
        """Refuse a question that no table could answer.

        Raises
        ------
        EvidenceError
            With everything that is wrong.
        """
        problems = []
        if self.outcome not in (*OUTCOMES, RESPONDER):
            problems.append(unknown_word("outcome", self.outcome, (*OUTCOMES, RESPONDER)))
        if self.month not in VISITS:
            expected = ", ".join(str(month) for month in VISITS)
            problems.append(Problem("month", f"there is no visit {self.month}", expected, "choose one of them"))
        if self.treatment == self.comparator:
            problems.append(Problem("comparator", f"is the treatment, {self.treatment!r}", "another treatment"))
        if problems:
            raise EvidenceError("question", problems)

    def in_words(self) -> str:
        """Say it in one line."""
        low, high = VISITS[self.month]
        names = (self.treatment.replace("_", " "), self.comparator.replace("_", " "), self.outcome.replace("_", " "))
        month = "month" if self.month == 1 else "months"
        return f"{names[0]} against {names[1]}, {names[2]} at {self.month} {month} ({low:g} to {high:g})"
