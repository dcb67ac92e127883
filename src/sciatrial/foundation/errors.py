"""The exceptions of sciatrial, and how a problem is told.

SciatrialError
├─ EvidenceError      a table of published results cannot be used
├─ StudyError         a study file, a run folder or a setting cannot be used
├─ ModelError         a mechanism or the vocabulary contradicts itself
├─ CalibrationError   a prior or a posterior cannot be made
├─ CohortError        no patient, or far too few, can be found for a cohort
├─ TrialError         a design cannot be conducted or analysed
└─ SolverError        too many patients could not be solved

A message has four parts: where, what was found, what is expected, what to do next.
A file reports all its problems at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where it is, what was found, what is expected, what to do next."""

    where: str
    found: str
    expected: str = ""
    next_step: str = ""

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.found}"]
        if self.expected:
            lines.append(f"  expected: {self.expected}")
        if self.next_step:
            lines.append(f"  next: {self.next_step}")
        return "\n".join(lines)


class SciatrialError(Exception):
    """Root of all errors that a user can mend; carries every problem that was found.

    Parameters
    ----------
    subject
        What was read or done, for example the name of a file.
    problems
        One `Problem` for each thing that is wrong, in the order in which a reader meets them.
    """

    def __init__(self, subject: str, problems: Iterable[Problem] | Problem) -> None:
        self.subject = subject
        self.problems: Sequence[Problem] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__(self.message())

    def message(self) -> str:
        """Return the whole text: a headline, then every problem indented below it."""
        count = len(self.problems)
        lines = [f"{self.subject}: {count} problem{'s' if count != 1 else ''}"]
        for problem in self.problems:
            lines.extend("  " + line for line in str(problem).splitlines())
        return "\n".join(lines)

    def __reduce__(self):
        return (type(self), (self.subject, self.problems))


class EvidenceError(SciatrialError):
    """A table of published results cannot be used."""


class StudyError(SciatrialError):
    """A study file, a run folder or a setting cannot be used."""


class ModelError(SciatrialError):
    """A mechanism or the vocabulary contradicts itself."""


class CalibrationError(SciatrialError):
    """A prior or a posterior cannot be made."""


class CohortError(SciatrialError):
    """No patient, or far too few, can be found for a cohort."""


class TrialError(SciatrialError):
    """A design cannot be conducted or analysed."""


class SolverError(SciatrialError):
    """Too many patients could not be solved."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that looks most like `word`, or None when none does."""
    matches = difflib.get_close_matches(str(word), [str(name) for name in known], n=1, cutoff=0.6)
    return matches[0] if matches else None


def unknown_word(where: str, word: str, known: Iterable[str], kind: str = "word") -> Problem:
    """Return the problem for a word that is not in a closed list, with the nearest one as the next step."""
    choices = [str(name) for name in known]
    close = nearest(word, choices)
    return Problem(
        where,
        f"{word!r} is not a known {kind}",
        expected="one of " + ", ".join(choices),
        next_step=f"did you mean {close!r}?" if close else "choose one of these",
    )
