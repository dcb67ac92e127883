"""``outcomeMeasuresModule`` → candidate rows of outcomes.csv."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sciatrial.exchange.registry_record import Category, Measure, MeasureClass, Measurement, RegisteredStudy
from sciatrial.exchange.registry_rows import (
    ArmName,
    CandidateRow,
    Cell,
    Matched,
    analysed,
    is_number,
    left_out,
    match_groups,
    row,
)
from sciatrial.exchange.registry_words import (
    AVERAGES,
    COUNTS,
    INSTRUMENT_RULES,
    OUTCOMES,
    WITHOUT_A_WORD,
    Found,
    first_rule,
    share_word,
    spread_of,
    visits_of,
)
from sciatrial.foundation import Outcome, Problem, SpreadKind, Statistic

_CHANGE = r"change|reduction|improvement|difference from baseline|decrease"
_PERCENT_CHANGE = r"percent(age)? (change|reduction|improvement|decrease)|% (change|reduction)|percent.*from baseline"
_YES = ("", "yes", "responder", "responders", "success", "achieved", "met")


class _What(NamedTuple):
    """What a measure is in our words, with what is doubtful about each word."""

    outcome: Found
    instrument: Found
    statistic: Statistic
    statistic_doubt: str
    spread_kind: SpreadKind
    spread_doubt: str


def outcome_rows(
    study: RegisteredStudy, names: Sequence[ArmName]
) -> tuple[tuple[CandidateRow, ...], tuple[Problem, ...]]:
    """Return a candidate row for every posted number that has words in the tables, and why the others have none."""
    module = study.results_section.outcome_measures_module if study.results_section else None
    rows: list[CandidateRow] = []
    problems: list[Problem] = []
    for measure in module.outcome_measures if module else ():
        where = f"outcomeMeasuresModule, '{measure.title}'"
        what = _what(measure)
        if isinstance(what, str):
            problems.append(left_out(where, what))
            continue
        matched = match_groups(measure.groups, names)
        problems.extend(
            left_out(f"{where}, group '{title}'", "cannot be told to be one of the arms") for title in matched.unmatched
        )
        for found in _numbers(measure, what, matched):
            if isinstance(found, CandidateRow):
                rows.append(found)
            else:
                problems.append(left_out(f"{where}{found[0]}", found[1]))
    return tuple(rows), tuple(problems)


def _what(measure: Measure) -> _What | str:
    """Return what a measure is, or why that cannot be said."""
    if measure.reporting_status == "NOT_POSTED":
        return "results are not posted yet"
    known = {*AVERAGES, *COUNTS, *WITHOUT_A_WORD}
    if measure.param_type not in known:
        return f"paramType {measure.param_type!r} is not a known value"
    if measure.param_type in WITHOUT_A_WORD:
        return f"paramType {measure.param_type} has no word in the tables"
    spread, is_known = spread_of(measure.dispersion_type)
    if not is_known:
        return f"dispersionType {measure.dispersion_type!r} is not a known value"
    if measure.param_type in COUNTS:
        return _share(measure)
    text = f"{measure.title} {measure.description} {measure.unit_of_measure}"
    outcome = first_rule(OUTCOMES, measure.title, measure.description)
    instrument = first_rule(INSTRUMENT_RULES, f"{measure.title} {measure.unit_of_measure}")
    if instrument is None or instrument.doubt:  # the description may say the range that the title does not
        instrument = first_rule(INSTRUMENT_RULES, text) or instrument
    if outcome is None:
        return "no rule for what is measured"
    if instrument is None:
        return "no rule for how it is measured"
    statistic, doubt = _statistic(measure)
    if statistic is None:
        return doubt
    lost = f"the spread is left out: {measure.dispersion_type}" if spread is None else ""
    return _What(outcome, instrument, statistic, doubt, spread or SpreadKind.NONE, lost)


def _share(measure: Measure) -> _What | str:
    unit = measure.unit_of_measure.lower()
    is_percent = measure.param_type == "NUMBER" and re.search(r"percent|%", unit)
    is_count = measure.param_type == "COUNT_OF_PARTICIPANTS" or re.search(r"participant|patient|subject", unit)
    if not is_percent and not is_count:
        return f"a {measure.param_type} of {measure.unit_of_measure or 'no unit'}: neither patients nor percent of them"
    word = share_word(f"{measure.title} {measure.unit_of_measure}") or share_word(measure.description)
    if word is None:
        return "a share of patients whose rule has no word: 30, 50 or 75 percent less pain or disability"
    statistic = Statistic.PERCENT if is_percent else Statistic.COUNT
    outcome, instrument = (
        Found(Outcome.RESPONDER, "patients"),
        Found(word, "threshold", "is this the rule of the word?"),
    )
    return _What(outcome, instrument, statistic, "", SpreadKind.NONE, "")


def _statistic(measure: Measure) -> tuple[Statistic | None, str]:
    statistic, doubt = AVERAGES[measure.param_type]
    text = f"{measure.title} {measure.unit_of_measure}"
    is_percent = re.search(_PERCENT_CHANGE, text, re.IGNORECASE) is not None
    is_change = is_percent or re.search(_CHANGE, measure.title, re.IGNORECASE) is not None
    if statistic is Statistic.MEDIAN and is_change:
        return None, "a median of changes has no word in the tables"
    if is_percent:
        return Statistic.PERCENT_CHANGE, _joined("a percent change: below 0 where the score fell?", doubt)
    if is_change:
        return Statistic.MEAN_CHANGE, _joined("a change: later minus baseline?", doubt)
    if re.search(_CHANGE, measure.description, re.IGNORECASE):
        doubt = _joined(doubt, "the description speaks of change: a score, or a change?")
    return statistic, doubt


def _numbers(measure: Measure, what: _What, matched: Matched) -> Iterator[CandidateRow | tuple[str, str]]:
    """Yield a row for each number, or the place and reason why it is none."""
    for part in measure.classes:
        where = f", class '{part.title}'" if part.title else ""
        month = _month(measure, part, what)
        if isinstance(month, str):
            yield where, month
            continue
        chosen = [category for category in part.categories if category.title.lower() in _YES]
        if len(part.categories) == 1 and what.statistic not in (Statistic.COUNT, Statistic.PERCENT):
            chosen = list(part.categories)
        for category in part.categories:
            if category not in chosen:
                yield f"{where}, category '{category.title}'", "a category that is not the number of the measure"
        for category, number in ((one, number) for one in chosen for number in one.measurements):
            if number.group_id not in matched.arms:
                continue
            arm = matched.arms[number.group_id]
            if not is_number(number.value):
                told = f"'{number.value}' is no number" + (f": {number.comment}" if number.comment else "")
                yield f"{where}, arm {arm.arm_id}", told
                continue
            yield _row(measure, part, category, number, what, month, arm, matched.doubts.get(number.group_id, ""))


def _month(measure: Measure, part: MeasureClass, what: _What) -> Cell | str:
    """Return the month of a class of a measure, or why it has none."""
    is_change = what.statistic in (Statistic.MEAN_CHANGE, Statistic.PERCENT_CHANGE) or what.outcome.word == "responder"
    for text, is_frame in ((part.title, False), (measure.time_frame, True), (measure.title, True)):
        visits = visits_of(text)
        months = [month for month in visits.months if month] if is_change or is_frame else list(visits.months)
        months = months or list(visits.months)
        if len(months) > 1 and not is_frame:
            return f"names several visits: {text}"
        if len(months) > 1:
            return f"the class names no visit, and the time frame several: {text}"
        if len(months) == 1:
            if is_frame and part.title and len(measure.classes) > 1:
                return f"one of several classes, and no visit: '{part.title}'"
            frame = visits_of(measure.time_frame).months
            is_baseline_too = is_frame and 0.0 in visits.months and not is_change and months[0] != 0
            doubt = f"up to: {text}" if visits.is_up_to else ""
            doubt = _joined(doubt, "baseline is in the time frame too: which visit?" if is_baseline_too else "")
            doubt = _joined(
                doubt, f"the time frame says {measure.time_frame}" if frame and months[0] not in frame else ""
            )
            return Cell(f"{months[0]:g}", doubt)
    return f"no rule for the time frame: {measure.time_frame or 'empty'}"


def _row(
    measure: Measure, part: MeasureClass, category: Category, number: Measurement, what: _What, month: Cell,
    arm: ArmName, arm_doubt: str,
) -> CandidateRow:  # fmt: skip
    n = analysed(part.denoms, number.group_id) or analysed(measure.denoms, number.group_id)
    spread = _spread(number, what)
    place = [f"outcomeMeasuresModule: {measure.title}", measure.type.lower(), part.title, category.title,
             measure.time_frame]  # fmt: skip
    is_positive_change = what.statistic in (Statistic.MEAN_CHANGE, Statistic.PERCENT_CHANGE) and float(number.value) > 0
    is_better_lower = what.outcome.word in ("leg_pain", "back_pain", "pain_unspecified", "disability")
    sign = "above 0: a fall with its sign lost?" if is_positive_change and is_better_lower else ""
    cells = {
        "arm_id": Cell(arm.arm_id, arm_doubt),
        "outcome": Cell(what.outcome.word, what.outcome.doubt),
        "instrument": Cell(what.instrument.word, what.instrument.doubt),
        "month": month,
        "n": Cell(n, "" if n else "how many were analysed?"),
        "statistic": Cell(what.statistic, what.statistic_doubt),
        "value": Cell(number.value.strip(), sign),
        **spread,
        "where": Cell(" ".join("; ".join(text for text in place if text).split())),
    }
    because = f"'{what.outcome.because}' is {what.outcome.word}, '{what.instrument.because}' is {what.instrument.word}"
    return row(cells, because, is_weak=bool(what.instrument.doubt or month.doubt or sign))


def _spread(number: Measurement, what: _What) -> dict[str, Cell]:
    kind = what.spread_kind
    if kind is SpreadKind.NONE:
        return {"spread_kind": Cell(SpreadKind.NONE, what.spread_doubt)}
    if kind in (SpreadKind.SD, SpreadKind.SE):
        if is_number(number.spread):
            return {"spread_kind": Cell(kind), "spread_low": Cell(number.spread.strip())}
    elif is_number(number.lower_limit) and is_number(number.upper_limit):
        ends = {"spread_low": Cell(number.lower_limit.strip()), "spread_high": Cell(number.upper_limit.strip())}
        return {"spread_kind": Cell(kind), **ends}
    printed = number.spread or f"{number.lower_limit} to {number.upper_limit}"
    return {"spread_kind": Cell(SpreadKind.NONE, f"the spread is left out: {kind} {printed.strip()} is no number")}


def _joined(*doubts: str) -> str:
    return "; ".join(doubt for doubt in doubts if doubt)
