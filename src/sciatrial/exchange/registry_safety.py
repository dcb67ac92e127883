"""``adverseEventsModule`` and ``participantFlowModule`` → candidate rows of safety.csv."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sciatrial.exchange.registry_record import AdverseEvents, ParticipantFlow, RegisteredEvent, RegisteredStudy
from sciatrial.exchange.registry_rows import ArmName, CandidateRow, Cell, Matched, is_count, left_out, match_groups, row
from sciatrial.exchange.registry_words import EVENTS, first_rule, visits_of
from sciatrial.foundation import Problem, SafetyEvent


def safety_rows(
    study: RegisteredStudy, names: Sequence[ArmName]
) -> tuple[tuple[CandidateRow, ...], tuple[Problem, ...]]:
    """Return candidate rows for serious events, deaths, dropout and events with a word, and why others are none."""
    results = study.results_section
    rows: list[CandidateRow] = []
    problems: list[Problem] = []
    found: list[CandidateRow | Problem] = []
    if results and results.adverse_events_module:
        found += _events(results.adverse_events_module, names)
    if results and results.participant_flow_module:
        found += _dropout(results.participant_flow_module, names)
    for one in found:
        (rows if isinstance(one, CandidateRow) else problems).append(one)  # type: ignore[arg-type]
    return tuple(rows), tuple(problems)


def _events(module: AdverseEvents, names: Sequence[ArmName]) -> Iterator[CandidateRow | Problem]:
    matched = match_groups(module.event_groups, names)
    for title in matched.unmatched:
        yield left_out(f"adverseEventsModule, group '{title}'", "cannot be told to be one of the arms")
    followup = _followup(module.time_frame)
    for group in module.event_groups:
        if group.id not in matched.arms:
            continue
        arm = matched.arms[group.id], matched.doubts.get(group.id, "")
        totals = (
            (SafetyEvent.SERIOUS_ADVERSE_EVENT, "serious", group.serious_num_affected, group.serious_num_at_risk),
            (SafetyEvent.DEATH, "deaths", group.deaths_num_affected, group.deaths_num_at_risk),
        )
        for event, label, affected, at_risk in totals:
            if is_count(affected):
                yield _row(arm, event, affected, at_risk, followup, f"adverseEventsModule: {label}, all causes")
        if is_count(group.other_num_affected):
            yield left_out(f"adverseEventsModule, arm {arm[0].arm_id}",
                           f"{group.other_num_affected} patients with other events: any_adverse_event cannot be told, "
                           "as some may have had serious ones too")  # fmt: skip
    yield from _terms(module, matched, followup)


def _terms(module: AdverseEvents, matched: Matched, followup: Cell) -> Iterator[CandidateRow | Problem]:
    """Yield rows for terms that have a word, where one term alone has it: patients of two terms cannot be added."""
    with_word: dict[str, list[RegisteredEvent]] = {}
    without: list[str] = []
    for one in (*module.serious_events, *module.other_events):
        rule = first_rule(EVENTS, one.term)
        if rule is None:
            without.append(one.term)
        else:
            with_word.setdefault(rule.word, []).append(one)
    for word, events in with_word.items():
        if len(events) > 1:
            terms = ", ".join(dict.fromkeys(event.term for event in events))
            yield left_out(f"adverseEventsModule, {word}", f"several entries, whose patients may be the same: {terms}")
            continue
        for count in events[0].stats:
            if count.group_id in matched.arms and is_count(count.num_affected):
                arm = matched.arms[count.group_id], matched.doubts.get(count.group_id, "")
                where = f"adverseEventsModule: {events[0].term}"
                doubt = f"the term is '{events[0].term}'"
                yield _row(arm, word, count.num_affected, count.num_at_risk, followup, where, doubt)
    if without:
        yield left_out("adverseEventsModule", "terms without a word: " + ", ".join(dict.fromkeys(without)))


def _dropout(flow: ParticipantFlow, names: Sequence[ArmName]) -> Iterator[CandidateRow | Problem]:
    if len(flow.periods) != 1:
        yield left_out("participantFlowModule", f"{len(flow.periods)} periods: dropout over all of them cannot be told")
        return
    matched = match_groups(flow.groups, names)
    for title in matched.unmatched:
        yield left_out(f"participantFlowModule, group '{title}'", "cannot be told to be one of the arms")
    numbers = {mark.type: {count.group_id: count.num_subjects for count in mark.achievements}
               for mark in flow.periods[0].milestones}  # fmt: skip
    for group_id, name in matched.arms.items():
        lost = numbers.get("NOT COMPLETED", {}).get(group_id, "")
        started = numbers.get("STARTED", {}).get(group_id, "")
        if is_count(lost):
            where, doubt = "participantFlowModule: NOT COMPLETED", "not completed, whatever the reason"
            arm = name, matched.doubts.get(group_id, "")
            yield _row(arm, SafetyEvent.DROPOUT, lost, started, Cell(""), where, doubt)


def _followup(time_frame: str) -> Cell:
    visits = visits_of(time_frame)
    if not visits.months or not max(visits.months):
        return Cell("", f"no rule for the time frame: {time_frame}" if time_frame else "")
    return Cell(f"{max(visits.months):g}", "" if len(visits.months) == 1 else f"the time frame says {time_frame}")


def _row(
    arm: tuple[ArmName, str], event: str, affected: str, at_risk: str, followup: Cell, where: str, doubt: str = ""
) -> CandidateRow:
    cells = {
        "arm_id": Cell(arm[0].arm_id, arm[1]),
        "event": Cell(event, doubt),
        "followup_months": followup,
        "n_with_event": Cell(affected),
        "n_at_risk": Cell(at_risk if is_count(at_risk) and int(at_risk) else ""),
        "where": Cell(where),
    }
    return row(cells, f"{where} is {event}")
