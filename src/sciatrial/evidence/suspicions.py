"""What looks odd about added rows, beside the evidence that is there: warnings, never errors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import isnan, sqrt
from typing import Any

import pandas as pd

from sciatrial.evidence.checks import CHECKS, spreads_are_implausible, studies_may_be_one
from sciatrial.evidence.harmonise import harmonise
from sciatrial.evidence.instruments import INSTRUMENTS, Scaling
from sciatrial.evidence.keys import TextRow, place
from sciatrial.evidence.published import Evidence
from sciatrial.evidence.rows import YesNo
from sciatrial.foundation import Problem, SpreadKind, Statistic, nearest

# assumption: SDs of one instrument in different studies seldom differ from their median by more than this factor
_FAR_FROM_TYPICAL = 2.5
# assumption: a spread that comes this near to the typical SD after the other reading of its label fits that reading
_NEAR_TYPICAL = 2.0
# fewer SDs than this say nothing typical about an instrument: those of all instruments together are used
_ENOUGH_SPREADS = 5


def suspicions(
    evidence: Evidence, frames: Mapping[str, pd.DataFrame], rows: Mapping[str, Sequence[TextRow]]
) -> list[Problem]:
    """Return what a person should look at before the rows are added.

    Parameters
    ----------
    evidence
        The tables as they are.
    frames
        Checked frames of the added rows, by table.
    rows
        The same rows as text, in the same order: they say where each stands.
    """
    after = joined(evidence, frames)
    # what is expected of an old row may move with the rows that are added: its place and finding do not
    told_before = {(warning.where, warning.found) for warning in _warnings(evidence)}
    problems = [
        *_same_study(evidence, frames, rows),
        *_groups_nearly_named(evidence, frames, rows),
        *_arms_without_numbers(after, frames, rows),
        *_spreads_misnamed(evidence, after, rows),
        *(warning for warning in _warnings(after) if (warning.where, warning.found) not in told_before),
    ]
    return list(dict.fromkeys(problems))


def _warnings(evidence: Evidence) -> list[Problem]:
    """Return what the checks of the tables say, less what is told here with the row of the form."""
    told_here = (spreads_are_implausible, studies_may_be_one)
    return [warning for check in CHECKS if check not in told_here for warning in check(evidence)]


def joined(evidence: Evidence, frames: Mapping[str, pd.DataFrame]) -> Evidence:
    """Return the tables with the added rows below; nothing that was given is changed."""
    longer = {
        table: pd.concat([getattr(evidence, table), frame], ignore_index=True)
        for table, frame in frames.items()
        if len(frame)
    }
    return replace(evidence, **longer)


def _same_study(
    evidence: Evidence, frames: Mapping[str, pd.DataFrame], rows: Mapping[str, Sequence[TextRow]]
) -> Iterator[Problem]:
    """Suspect a study that is already there, under another name."""
    known = _records(evidence.studies)
    arms = _interventions(evidence.arms)
    new_arms = _interventions(frames.get("arms", evidence.arms.head(0)))
    for study, row in zip(_records(frames.get("studies")), rows.get("studies", ()), strict=True):
        for number, other in enumerate(known, start=2):
            same = _what_is_the_same(study, other, new_arms.get(study["study_id"]), arms.get(other["study_id"]))
            is_marked = study["overlap_group"] and study["overlap_group"] == other["overlap_group"]
            if same and not is_marked:
                yield Problem(
                    place("studies", row),
                    f"has the same {same} as studies.csv, row {number} ({other['study_id']}): a duplicate?",
                    "each study once",
                    _what_to_do(other),
                )


def _what_to_do(other: Mapping[str, Any]) -> str:
    group, study = other["overlap_group"], other["study_id"]
    share = f"write overlap_group = {group!r}" if group else (
        f"give it and {study}, in studies.csv of a folder of yours, the same overlap_group"
    )  # fmt: skip
    return f"if it is the same study, write the new rows with adds_to = {study!r}; if they share patients, {share}"


def _what_is_the_same(
    study: Mapping[str, Any], other: Mapping[str, Any], arms: tuple[str, ...] | None, others: tuple[str, ...] | None
) -> str:
    shared = [column for column in ("doi", "pmid") if study[column] and _key(study[column]) == _key(other[column])]
    numbers = _registrations(study) & _registrations(other)
    shared += [f"registration {', '.join(sorted(numbers))}"] if numbers else []
    if shared:
        return " and ".join(shared)
    is_alike = all(study[column] == other[column] for column in ("n_total", "year", "condition"))
    return "n_total, year, condition and arms" if is_alike and arms and arms == others else ""


def _registrations(study: Mapping[str, Any]) -> set[str]:
    return {_key(part) for part in re.split(r"[;,\s]+", study["registration"]) if re.search(r"\d", part)}


def _key(text: str) -> str:
    return text.strip().upper()


def _interventions(arms: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for arm in _records(arms):
        if arm["is_pooled"] == YesNo.NO:
            found.setdefault(arm["study_id"], []).append(f"{arm['intervention']} {arm['cell_type']}")
    return {study: tuple(sorted(words)) for study, words in found.items()}


def _groups_nearly_named(
    evidence: Evidence, frames: Mapping[str, pd.DataFrame], rows: Mapping[str, Sequence[TextRow]]
) -> Iterator[Problem]:
    groups = sorted(set(evidence.studies["overlap_group"]) - {""})
    for study, row in zip(_records(frames.get("studies")), rows.get("studies", ()), strict=True):
        group = study["overlap_group"]
        close = nearest(group, groups) if group and group not in groups else None
        if close:
            yield Problem(
                place("studies", row, "overlap_group"),
                f"{group!r} is the group of no other study",
                "a group that other studies name",
                f"did you mean {close!r}?",
            )


def _arms_without_numbers(
    after: Evidence, frames: Mapping[str, pd.DataFrame], rows: Mapping[str, Sequence[TextRow]]
) -> Iterator[Problem]:
    measured = {(row["study_id"], row["arm_id"]) for row in _records(after.outcomes)}
    for arm, row in zip(_records(frames.get("arms")), rows.get("arms", ()), strict=True):
        if (arm["study_id"], arm["arm_id"]) not in measured:
            yield Problem(
                place("arms", row),
                "has no outcome",
                "at least one row of outcomes",
                "add what was reported, or leave it: nothing was",
            )


def _spreads_misnamed(evidence: Evidence, after: Evidence, rows: Mapping[str, Sequence[TextRow]]) -> Iterator[Problem]:
    """Suspect an SE that is called SD, and the other way round, by what the instrument usually shows."""
    typical = _typical_spreads(evidence)
    added = _records(harmonise(after).iloc[len(evidence.outcomes) :])
    for row, text in zip(added, rows.get("outcomes", ()), strict=True):
        usual = typical.get(row["instrument"], typical.get("")) if _is_score(row) else None
        if usual is None or isnan(row["n"]) or isnan(row["spread_sd_0_100"]) or row["n"] < 2:
            continue
        spread, root = row["spread_sd_0_100"], sqrt(row["n"])
        is_sd, is_se = row["spread_kind"] == SpreadKind.SD, row["spread_kind"] == SpreadKind.SE
        if is_sd and spread < usual / _FAR_FROM_TYPICAL and _is_near(spread * root, usual):
            yield _misnamed(text, f"an SD of {spread:.3g} points of 100", usual, "a standard error")
        elif is_se and spread > usual * _FAR_FROM_TYPICAL and _is_near(spread / root, usual):
            yield _misnamed(
                text, f"an SE that means an SD of {spread:.3g} points of 100", usual, "a standard deviation"
            )


def _misnamed(row: TextRow, found: str, usual: float, other: str) -> Problem:
    return Problem(
        place("outcomes", row, "spread_kind"),
        found,
        f"about {usual:.3g}, as in other studies with {row.cells['instrument']}",
        f"it may be {other}: check the source",
    )


def _is_near(spread: float, usual: float) -> bool:
    return usual / _NEAR_TYPICAL <= spread <= usual * _NEAR_TYPICAL


def _typical_spreads(evidence: Evidence) -> dict[str, float]:
    """Return the median SD in points of 100 of each instrument, and of all together under ""."""
    found: dict[str, list[float]] = {}
    for row in _records(harmonise(evidence)):
        if _is_score(row) and row["spread_kind"] == SpreadKind.SD and not isnan(row["spread_sd_0_100"]):
            found.setdefault(row["instrument"], []).append(row["spread_sd_0_100"])
            found.setdefault("", []).append(row["spread_sd_0_100"])
    return {word: float(pd.Series(spreads).median()) for word, spreads in found.items()
            if len(spreads) >= _ENOUGH_SPREADS}  # fmt: skip


def _is_score(row: Mapping[str, Any]) -> bool:
    instrument = INSTRUMENTS.get(row["instrument"])
    is_average = row["statistic"] in (Statistic.MEAN, Statistic.MEAN_CHANGE)
    return is_average and instrument is not None and instrument.scaling is Scaling.WIDTH


def _records(frame: Any) -> list[dict[str, Any]]:
    return [] if frame is None else frame.to_dict("records")
