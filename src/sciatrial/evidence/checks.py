"""What a reader of the tables should know, one small function a rule: warnings, never errors.

What makes the tables unusable is found while they are read (`rows.py`, `row_rules.py`, `keys.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import exp, isnan, log, sqrt
from typing import Any

from sciatrial.evidence.harmonise import harmonise
from sciatrial.evidence.instruments import INSTRUMENTS, Scaling
from sciatrial.evidence.published import Evidence
from sciatrial.evidence.quirks import QUIRKS, WhyNot
from sciatrial.evidence.rows import YesNo
from sciatrial.evidence.spreads import SMALLEST_SD_0_100, family_of, phase_of, predictive_sds
from sciatrial.foundation import Outcome, Problem, SpreadKind, Statistic, StudyDesign, nearest

_SMALLEST_N = 20
# standard deviations of the log SD below what other studies print; points of 100
_FAR = 1.96
_NEAR_THE_FLOOR = 15.0
# assumption: rounding in print moves a percent change by at most 3, a change by at most 1.5 points of 100
_PERCENT_TOLERANCE = 3.0
_POINTS_TOLERANCE = 1.5
# visits in weeks are rounded to hundredths of a month
_MONTH_TOLERANCE = 0.5

_SERIES = ("study_id", "arm_id", "outcome", "instrument")
_MEASURED = (Statistic.MEAN, Statistic.MEDIAN, Statistic.MEAN_CHANGE)
_AVERAGES = (Statistic.MEAN, Statistic.MEAN_CHANGE)
_COMPARED = (Statistic.MEAN, Statistic.MEAN_CHANGE, Statistic.PERCENT_CHANGE)

_Rows = list[dict[str, Any]]


def evidence_warnings(evidence: Evidence) -> list[Problem]:
    """Return everything that a reader should know before the tables are used; an empty list means none.

    Parameters
    ----------
    evidence
        Checked tables.
    """
    return [problem for check in CHECKS for problem in check(evidence)]


def studies_share_patients(evidence: Evidence) -> list[Problem]:
    """Warn of studies that would count the same patients twice."""
    marked = [study for study in _rows(evidence.studies) if study["overlap_group"]]
    return [
        Problem(
            f"studies.csv, overlap group {group}",
            f"{', '.join(study['study_id'] for study in studies)} share patients",
            "at most one study of a group in any pooled result",
            "choose one of them",
        )
        for (group,), studies in _grouped(marked, ("overlap_group",)).items()
        if len(studies) > 1
    ]


def arms_are_pooled(evidence: Evidence) -> list[Problem]:
    """Warn of rows that join arms, or are part of one: they are no arms of their own."""
    return [
        Problem(
            f"arms.csv ({arm['study_id']}, arm {arm['arm_id']})",
            "joins arms or is part of one",
            "arms that do not overlap",
            "never use it beside the arms it overlaps",
        )
        for arm in _rows(evidence.arms)
        if arm["is_pooled"] == YesNo.YES
    ]


def values_after_crossover(evidence: Evidence) -> list[Problem]:
    """Warn of arms that crossed over: they are no control any more."""
    crossed = [row for row in _rows(harmonise(evidence)) if row["why_not"] == WhyNot.AFTER_CROSSOVER]
    return [
        Problem(
            f"outcomes.csv ({study}, arm {arm})",
            f"values at month {', '.join(f'{month:g}' for month in sorted({row['month'] for row in rows}))} "
            "are after crossover",
            "values under the assigned treatment",
            "leave them out of comparisons",
        )
        for (study, arm), rows in _grouped(crossed, ("study_id", "arm_id")).items()
    ]


def studies_are_peculiar(evidence: Evidence) -> list[Problem]:
    """Tell what is known about single studies."""
    present = set(evidence.studies["study_id"])
    return [
        Problem(f"studies.csv ({quirk.study_id})", quirk.meaning, next_step=quirk.next_step)
        for quirk in QUIRKS
        if quirk.study_id in present
    ]


def scales_are_unknown(evidence: Evidence) -> list[Problem]:
    """Warn of scores without a known scale."""
    unknown = [
        row
        for row in _measured(evidence)
        if row["instrument"] in INSTRUMENTS and INSTRUMENTS[row["instrument"]].scaling is Scaling.UNKNOWN
    ]
    return [
        Problem(
            f"outcomes.csv ({study}), instrument {instrument}",
            f"scale not known, {len(rows)} rows",
            "an instrument with a known scale",
            "look the scale up in the paper before pooling",
        )
        for (study, instrument), rows in _grouped(unknown, ("study_id", "instrument")).items()
    ]


def instruments_are_new(evidence: Evidence) -> list[Problem]:
    """Warn of instruments that nobody knows: their scores are kept but never used."""
    new = [
        row
        for row in _measured(evidence)
        if row["instrument"] not in INSTRUMENTS and row["outcome"] != Outcome.RESPONDER
    ]
    problems = []
    for (instrument,), rows in _grouped(new, ("instrument",)).items():
        close = nearest(instrument, INSTRUMENTS)
        problems.append(
            Problem(
                f"outcomes.csv, instrument {instrument}",
                f"is not known, {len(rows)} rows",
                "an instrument of SCHEMA.md",
                f"did you mean {close!r}?" if close else "add it to instruments.py with its scale",
            )
        )
    return problems


def sd_may_be_se(evidence: Evidence) -> list[Problem]:
    """Warn of baseline SDs that are too small for that many patients."""
    problems = []
    for row in _rows(evidence.outcomes):
        instrument = INSTRUMENTS.get(row["instrument"])
        is_baseline = row["month"] == 0 and row["statistic"] == Statistic.MEAN and row["spread_kind"] == SpreadKind.SD
        if not is_baseline or instrument is None or instrument.scaling is not Scaling.WIDTH or not instrument.width:
            continue
        spread = row["spread_low"] * 100 / instrument.width
        if row["n"] >= _SMALLEST_N and spread < SMALLEST_SD_0_100:
            problems.append(
                Problem(
                    f"outcomes.csv ({row['study_id']}, arm {row['arm_id']}), {row['instrument']} at baseline",
                    f"SD of {spread:.3g} points of 100 in {row['n']:.0f} patients",
                    f"{SMALLEST_SD_0_100:g} or more",
                    "it may be a standard error: check the paper",
                )
            )
    return problems


def spreads_are_implausible(evidence: Evidence) -> list[Problem]:
    """Warn of SDs after the start that are far below what other studies print, and would not be as SEs."""
    harmonised = harmonise(evidence)
    predicted = predictive_sds(harmonised, evidence)
    problems = []
    for row in _rows(harmonised):
        sd = row["spread_sd_0_100"]
        if row["statistic"] not in _AVERAGES or row["spread_kind"] != SpreadKind.SD or not row["month"] > 0:
            continue
        expected = predicted.get((family_of(row["outcome"]), phase_of(row["statistic"], row["month"])))
        # scores that nearly all have fallen to the floor do not differ much
        if expected is None or not row["n"] >= _SMALLEST_N or not sd > 0 or abs(row["value_0_100"]) < _NEAR_THE_FLOOR:
            continue
        arm = f"{row['study_id']}, arm {row['arm_id']}"
        below = (log(sd) - log(expected.median)) / expected.log_sd
        as_se = (log(sd * sqrt(row["n"])) - log(expected.median)) / expected.log_sd
        if below < -_FAR and abs(as_se) < -below:
            problems.append(
                Problem(
                    f"outcomes.csv ({arm}), {row['instrument']} at month {row['month']:g}",
                    f"SD of {sd:.3g} points of 100 in {row['n']:.0f} patients",
                    f"{expected.median * exp(-_FAR * expected.log_sd):.3g} or more, as in other studies",
                    f"as a standard error it would be an SD of {sd * sqrt(row['n']):.3g}: check the paper",
                )
            )
    return problems


def spreads_are_zero(evidence: Evidence) -> list[Problem]:
    """Warn of spreads of 0: no two patients would differ, so the spread is predicted instead."""
    return [
        Problem(
            f"outcomes.csv ({row['study_id']}, arm {row['arm_id']}), {row['instrument']} at month {row['month']:g}",
            f"{row['spread_kind']} of 0",
            "a spread above 0, or spread_kind 'none'",
            "look it up; until then a predicted spread is used",
        )
        for row in _rows(evidence.outcomes)
        if row["spread_kind"] in (SpreadKind.SD, SpreadKind.SE) and row["spread_low"] == 0 and row["n"] != 1
    ]


def studies_may_be_one(evidence: Evidence) -> list[Problem]:
    """Warn of two studies with one registration, PMID or DOI that are not marked as sharing patients."""
    problems = []
    for column in ("registration", "pmid", "doi"):
        named = [study for study in _rows(evidence.studies) if study[column]]
        for (number,), studies in _grouped(named, (column,)).items():
            groups = {study["overlap_group"] for study in studies}
            if len(studies) > 1 and (len(groups) > 1 or groups == {""}):
                problems.append(
                    Problem(
                        f"studies.csv, {column} {number}",
                        f"{', '.join(study['study_id'] for study in studies)} have the same {column}",
                        "one study, or one overlap_group",
                        "join their rows, or give them one overlap_group so that no patient counts twice",
                    )
                )
    return problems


def changes_agree(evidence: Evidence) -> list[Problem]:
    """Warn where mean, mean change and percent change of one arm and visit contradict each other."""
    compared = [row for row in _rows(evidence.outcomes) if row["statistic"] in _COMPARED]
    baselines = {
        tuple(row[column] for column in _SERIES): row["value"]
        for row in compared
        if row["month"] == 0 and row["statistic"] == Statistic.MEAN
    }
    problems = []
    for key, rows in _grouped([row for row in compared if row["month"] > 0], (*_SERIES, "month")).items():
        study, arm, _, instrument, month = key
        width = INSTRUMENTS[instrument].width if instrument in INSTRUMENTS else None
        if width is None:
            continue
        values = {Statistic(row["statistic"]): row["value"] for row in rows}
        problems.extend(
            Problem(
                f"outcomes.csv ({study}, arm {arm}), {instrument} at month {month:g}",
                found,
                expected,
                "check which of the numbers is misprinted",
            )
            for found, expected in _disagreements(values, baselines.get(key[:-1]), width)
        )
    return problems


def _disagreements(
    values: Mapping[Statistic, float], baseline: float | None, width: float
) -> Iterator[tuple[str, str]]:
    mean, change = values.get(Statistic.MEAN), values.get(Statistic.MEAN_CHANGE)
    percent = values.get(Statistic.PERCENT_CHANGE)
    if baseline is not None and mean is not None:
        difference = mean - baseline
        if change is not None and abs(difference - change) * 100 / width > _POINTS_TOLERANCE:
            yield f"mean change is {change:g}", f"{difference:.3g}, the mean less the baseline"
        change = difference if change is None else change
    if percent is None or change is None:
        return
    if baseline:
        implied = 100 * change / baseline
        if abs(implied - percent) > _PERCENT_TOLERANCE:
            yield f"percent change is {percent:g}", f"{implied:.3g}, the change over the baseline"
    elif not percent or not 0 < 100 * change / percent <= width:
        yield f"a change of {change:g} is called {percent:g} percent", f"a baseline between 0 and {width:g}"


def one_number_is_told_twice(evidence: Evidence) -> list[Problem]:
    """Warn of two rows for one arm, instrument, visit and statistic."""
    rows = [
        row | {"month": "unknown" if isnan(row["month"]) else f"{row['month']:g}"} for row in _rows(evidence.outcomes)
    ]
    return [
        Problem(
            f"outcomes.csv ({key[0]}, arm {key[1]}), {key[3]} at month {key[4]}",
            f"{key[5]} is given {len(same)} times: {', '.join(format(row['value'], 'g') for row in same)}",
            "one number",
            "keep the one of the better source, mention the other in where",
        )
        for key, same in _grouped(rows, (*_SERIES, "month", "statistic")).items()
        if len(same) > 1
    ]


def more_patients_than_assigned(evidence: Evidence) -> list[Problem]:
    """Warn of arms that report on more patients than were assigned."""
    assigned = {(arm["study_id"], arm["arm_id"]): arm["n_assigned"] for arm in _rows(evidence.arms)}
    problems = []
    for key, rows in _grouped(_rows(evidence.outcomes), ("study_id", "arm_id")).items():
        most = max((row["n"] for row in rows if not isnan(row["n"])), default=0)
        if most > assigned[key]:
            problems.append(
                Problem(
                    f"outcomes.csv ({key[0]}, arm {key[1]}), column n",
                    f"{most:.0f} patients",
                    f"at most n_assigned = {assigned[key]:.0f}",
                    "check whether a later report enrolled more",
                )
            )
    return problems


def visits_after_followup(evidence: Evidence) -> list[Problem]:
    """Warn of visits after the stated follow-up."""
    followup = {study["study_id"]: study["followup_months"] for study in _rows(evidence.studies)}
    problems = []
    for (study,), rows in _grouped(_rows(evidence.outcomes), ("study_id",)).items():
        last = max((row["month"] for row in rows if not isnan(row["month"])), default=0)
        if last > followup[study] + _MONTH_TOLERANCE:
            problems.append(
                Problem(
                    f"outcomes.csv ({study}), column month",
                    f"{last:g} months",
                    f"at most followup_months = {followup[study]:g}",
                    "set followup_months to the longest report",
                )
            )
    return problems


def arms_outnumber_study(evidence: Evidence) -> list[Problem]:
    """Warn of arms that together hold more patients than their study, as where patients cross over."""
    total = {study["study_id"]: study["n_total"] for study in _rows(evidence.studies)}
    problems = []
    for study, arms in _own_arms(evidence).items():
        together = sum(arm["n_assigned"] for arm in arms if not isnan(arm["n_assigned"]))
        if together > total[study]:
            problems.append(
                Problem(
                    f"arms.csv ({study}), column n_assigned",
                    f"the arms add up to {together:.0f}",
                    f"at most n_total = {total[study]:.0f}",
                    "a crossover study uses patients twice: weigh it so",
                )
            )
    return problems


def trials_lack_a_comparator(evidence: Evidence) -> list[Problem]:
    """Warn of randomised or controlled studies without two arms of their own."""
    arms = _own_arms(evidence)
    return [
        Problem(
            f"arms.csv ({study['study_id']})",
            f"a controlled study with {len(arms.get(study['study_id'], []))} arm of its own",
            "two arms or more",
            "add the missing arm, with empty cells where nothing was reported",
        )
        for study in _rows(evidence.studies)
        if study["design"] in (StudyDesign.RCT, StudyDesign.CONTROLLED_NONRANDOMISED)
        and len(arms.get(study["study_id"], [])) < 2
    ]


def _rows(frame: Any) -> _Rows:
    return frame.to_dict("records")


def _measured(evidence: Evidence) -> _Rows:
    return [row for row in _rows(evidence.outcomes) if row["statistic"] in _MEASURED]


def _own_arms(evidence: Evidence) -> dict[str, _Rows]:
    own = [arm for arm in _rows(evidence.arms) if arm["is_pooled"] == YesNo.NO]
    return {study: arms for (study,), arms in _grouped(own, ("study_id",)).items()}


def _grouped(rows: Iterable[dict[str, Any]], columns: tuple[str, ...]) -> dict[tuple[Any, ...], _Rows]:
    groups: dict[tuple[Any, ...], _Rows] = {}
    for row in rows:
        groups.setdefault(tuple(row[column] for column in columns), []).append(row)
    return groups


CHECKS: tuple[Callable[[Evidence], list[Problem]], ...] = (
    studies_share_patients,
    arms_are_pooled,
    values_after_crossover,
    studies_are_peculiar,
    scales_are_unknown,
    instruments_are_new,
    sd_may_be_se,
    spreads_are_implausible,
    spreads_are_zero,
    studies_may_be_one,
    changes_agree,
    one_number_is_told_twice,
    more_patients_than_assigned,
    visits_after_followup,
    arms_outnumber_study,
    trials_lack_a_comparator,
)
