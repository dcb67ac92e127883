"""The pieces of an import from a registry: cells with their doubts, candidate rows, and the arms' names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sciatrial.exchange.registry_record import Denominator, EventGroup, Group
from sciatrial.foundation import Confidence, Problem

ORIGIN = {"figure_from": "registry"}


@dataclass(frozen=True)
class Cell:
    """The text of one cell and what a person has to check about it, "" where nothing."""

    text: str
    doubt: str = ""


@dataclass(frozen=True)
class CandidateRow:
    """One row that the registry suggests: its cells by column, how far it is trusted, and which rules made it."""

    cells: Mapping[str, Cell]
    confidence: Confidence
    because: str


@dataclass(frozen=True)
class Candidate:
    """A study as the registry suggests it; a person confirms it before anything is added.

    `left_out` names everything that has no word in the tables, with the reason: nothing is guessed in silence.
    """

    nct_id: str
    study: CandidateRow
    arms: tuple[CandidateRow, ...]
    outcomes: tuple[CandidateRow, ...]
    safety: tuple[CandidateRow, ...]
    left_out: tuple[Problem, ...]


@dataclass(frozen=True)
class ArmName:
    """An arm's label in the registry and the arm_id made from it."""

    label: str
    arm_id: str


@dataclass(frozen=True)
class Matched:
    """Groups of one module of the results → arms: `doubts` for those that only look alike, `unmatched` titles."""

    arms: Mapping[str, ArmName]
    doubts: Mapping[str, str] = field(default_factory=dict)
    unmatched: tuple[str, ...] = ()


def row(cells: Mapping[str, Cell], because: str, *, is_weak: bool = False) -> CandidateRow:
    """Return a candidate: low when its rule is weak, medium when a cell is in doubt, else high."""
    is_doubtful = any(cell.doubt for cell in cells.values())
    level = Confidence.LOW if is_weak else Confidence.MEDIUM if is_doubtful else Confidence.HIGH
    return CandidateRow({column: cell for column, cell in cells.items() if cell.text or cell.doubt}, level, because)


def left_out(where: str, found: str, next_step: str = "add it by hand where it belongs in the tables") -> Problem:
    """Return why something of the registry became no row."""
    return Problem(where, found, "a word of the tables", next_step)


def arm_names(labels: Iterable[str]) -> list[ArmName]:
    """Return an arm_id for each label: letters, digits and underscores, none twice."""
    names: list[ArmName] = []
    for label in labels:
        slug = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:40].strip("_") or "arm"
        slug = slug if slug[0].isalpha() else f"arm_{slug}"
        taken = {name.arm_id for name in names}
        number = next(n for n in range(1, 1000) if (slug if n == 1 else f"{slug}_{n}") not in taken)
        names.append(ArmName(label, slug if number == 1 else f"{slug}_{number}"))
    return names


def match_groups(groups: Sequence[Group] | Sequence[EventGroup], names: Sequence[ArmName]) -> Matched:
    """Find the arm of each group by its title: the same words, or the only arm whose words it contains or is in."""
    arms: dict[str, ArmName] = {}
    doubts: dict[str, str] = {}
    unmatched: list[str] = []
    for group in groups:
        title = _words(group.title)
        same = [name for name in names if _words(name.label) == title]
        alike = [name for name in names if title and (f" {title} " in f" {_words(name.label)} "
                                                      or f" {_words(name.label)} " in f" {title} ")]  # fmt: skip
        if len(same) == 1:
            arms[group.id] = same[0]
        elif not same and len(alike) == 1:
            arms[group.id] = alike[0]
            doubts[group.id] = f"the group is called '{group.title}'"
        else:
            unmatched.append(group.title or group.id)
    twice = {name.arm_id for name in arms.values() if [one.arm_id for one in arms.values()].count(name.arm_id) > 1}
    titles = {group.id: group.title for group in groups}
    for group_id in [group_id for group_id, name in arms.items() if name.arm_id in twice and group_id in doubts]:
        unmatched.append(titles[group_id])
        del arms[group_id], doubts[group_id]
    return Matched(arms, doubts, tuple(unmatched))


def analysed(denominators: Iterable[Denominator], group_id: str) -> str:
    """Return how many participants of a group were analysed, "" where it is not said or other units were counted."""
    for denominator in denominators:
        if denominator.units.lower() in ("participants", "participant", ""):
            for count in denominator.counts:
                if count.group_id == group_id and is_count(count.value) and int(count.value) > 0:
                    return count.value
    return ""


def is_number(text: str) -> bool:
    """Say whether a text is a plain decimal number."""
    return re.fullmatch(r"[-+]?(\d+(\.\d*)?|\.\d+)", text.strip(), flags=re.ASCII) is not None


def is_count(text: str) -> bool:
    """Say whether a text is a count: digits 0 to 9 alone."""
    return text.isascii() and text.isdigit()


def _words(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))
