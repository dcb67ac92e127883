"""A study's JSON of ClinicalTrials.gov → candidate rows for the evidence tables.

The rules stand in `registry_words.py`. Each row says how far it can be trusted and why; each doubtful cell says what to
check; what has no word in the tables is listed with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sciatrial.exchange.registry_outcomes import outcome_rows
from sciatrial.exchange.registry_record import ArmGroup, RegisteredStudy, read_record
from sciatrial.exchange.registry_rows import (
    ORIGIN,
    ArmName,
    Candidate,
    CandidateRow,
    Cell,
    Matched,
    arm_names,
    is_count,
    left_out,
    match_groups,
    row,
)
from sciatrial.exchange.registry_safety import safety_rows
from sciatrial.exchange.registry_words import (
    CELL_TYPES,
    CONDITIONS,
    DESIGNS,
    DONORS,
    INTERVENTIONS,
    ROLES,
    ROUTES,
    SPONSORS,
    Found,
    all_rules,
    blinding_of,
    first_rule,
)
from sciatrial.foundation import DoseBasis, Funding, Intervention, Problem, Role, SourceKind, StudyDesign

STUDY_PAGE = "https://clinicaltrials.gov/study/"


def candidate_study(document: Any, *, expected: str | None = None) -> Candidate:
    """Suggest rows for the evidence tables from a study's JSON.

    Parameters
    ----------
    document
        The parsed JSON of one study, as API version 2 of ClinicalTrials.gov serves it.
    expected
        The NCT number that was asked for, if any.

    Returns
    -------
    Candidate
        Rows of studies, arms, outcomes and safety, with their doubts, and what was left out.

    Raises
    ------
    EvidenceError
        With every field that is not as the registry documents it; when the JSON is that of another study.
    """
    study = read_record(document, expected=expected)
    problems: list[Problem] = list(_missing_modules(study))
    groups = study.protocol_section.arms_interventions_module.arm_groups
    names = arm_names(group.label for group in groups)
    if not groups:
        problems.append(left_out("armsInterventionsModule", "lists no arm", "write the arms by hand"))
    arms = tuple(_arm(study, group, name, len(groups), problems) for group, name in zip(groups, names, strict=True))
    outcomes, outcome_problems = outcome_rows(study, names)
    safety, safety_problems = safety_rows(study, names)
    problems += [*outcome_problems, *safety_problems]
    nct_id = study.protocol_section.identification_module.nct_id
    return Candidate(nct_id, _study(study, outcomes, problems), arms, outcomes, safety, tuple(problems))


def _missing_modules(study: RegisteredStudy) -> Iterator[Problem]:
    results = study.results_section
    if results is None and study.has_results:
        yield left_out("resultsSection", "is missing, though hasResults is true",
                       "the JSON is cut off or holds chosen fields: fetch the whole study")  # fmt: skip
    elif results is None:
        yield left_out("resultsSection", "is missing: no results were posted", "read the paper, if there is one")
    else:
        for name in ("participant_flow_module", "baseline_characteristics_module", "outcome_measures_module",
                     "adverse_events_module"):  # fmt: skip
            if getattr(results, name) is None:
                title = type(results).model_fields[name].alias
                yield left_out(f"resultsSection.{title}", "is missing", "fetch the whole study, or do without")


def _study(study: RegisteredStudy, outcomes: Sequence[CandidateRow], problems: list[Problem]) -> CandidateRow:
    protocol = study.protocol_section
    name = protocol.identification_module
    posted = protocol.status_module.results_first_post_date_struct.date
    year = posted or protocol.status_module.study_first_post_date_struct.date
    title = " ".join((name.brief_title or name.official_title or "no title").split())
    countries = list(dict.fromkeys(place.country for place in protocol.contacts_locations_module.locations))
    others = [number.id for number in name.secondary_id_infos if "EUDRACT" in number.type.upper()]
    papers = [paper.pmid for paper in protocol.references_module.references if paper.type == "RESULT" and paper.pmid]
    last = max((float(one.cells["month"].text) for one in outcomes if one.cells.get("month", Cell("")).text), default=0)
    cells = {
        "study_id": Cell(name.nct_id.lower()),
        "citation": Cell(f"{title}, ClinicalTrials.gov {name.nct_id}"),
        "year": Cell(year[:4], "the year of posting" if posted else "the year of registration" if year else ""),
        "registration": Cell("; ".join([name.nct_id, *(f"EudraCT {number}" for number in others)])),
        "pmid": Cell(papers[0] if papers else "", f"one of {len(papers)} papers named" if len(papers) > 1 else ""),
        "design": _design(study, problems),
        "blinding": _blinding(study, problems),
        "condition": _condition(study),
        "n_total": _n_total(study),
        "n_centres": Cell(str(len(protocol.contacts_locations_module.locations) or "")),
        "country": Cell(", ".join(country for country in countries if country)),
        "followup_months": Cell(f"{last:g}" if last else "", "the last visit of the rows below" if last else ""),
        "funding": _funding(study, problems),
        "source_kind": Cell(SourceKind.REGISTRY),
        "source_url": Cell(f"{STUDY_PAGE}{name.nct_id}"),
        **{column: Cell(text) for column, text in ORIGIN.items()},
    }
    return row(cells, "protocolSection")


def _design(study: RegisteredStudy, problems: list[Problem]) -> Cell:
    module = study.protocol_section.design_module
    allocation, n_arms = module.design_info.allocation, len(study.protocol_section.arms_interventions_module.arm_groups)
    if module.study_type == "OBSERVATIONAL":
        if module.design_info.time_perspective == "RETROSPECTIVE":
            return Cell(StudyDesign.RETROSPECTIVE)
        word = StudyDesign.SINGLE_ARM if n_arms == 1 else StudyDesign.CONTROLLED_NONRANDOMISED
        return Cell(word, "an observational study")
    if allocation in DESIGNS:
        return Cell(DESIGNS[allocation])
    if allocation:
        problems.append(left_out("designModule.designInfo.allocation", f"{allocation!r} is not a known value"))
    return Cell("", "the allocation is not said")


def _blinding(study: RegisteredStudy, problems: list[Problem]) -> Cell:
    masking = study.protocol_section.design_module.design_info.masking_info
    found = blinding_of(masking.masking, masking.who_masked)
    if found:
        return Cell(found.word)
    if masking.masking and masking.masking not in ("SINGLE", "DOUBLE", "TRIPLE", "QUADRUPLE"):
        problems.append(left_out("designModule.designInfo.maskingInfo", f"{masking.masking!r} is not a known value"))
    return Cell("", f"masking {masking.masking}, who is not said" if masking.masking else "masking is not said")


def _condition(study: RegisteredStudy) -> Cell:
    module, name = study.protocol_section.conditions_module, study.protocol_section.identification_module
    listed = "; ".join(module.conditions)
    found = first_rule(CONDITIONS, listed) or first_rule(CONDITIONS, f"{name.brief_title} {name.official_title}")
    if found is None:
        return Cell("", f"no rule for the condition: {listed or 'none listed'}")
    several = all_rules(CONDITIONS, listed)
    return Cell(found.word, f"also listed: {', '.join(several)}" if len(several) > 1 else "")


def _n_total(study: RegisteredStudy) -> Cell:
    flow = study.results_section.participant_flow_module if study.results_section else None
    if flow and flow.periods:
        started = [count.num_subjects for mark in flow.periods[0].milestones if mark.type == "STARTED"
                   for count in mark.achievements]  # fmt: skip
        if started and all(is_count(number) for number in started):
            return Cell(str(sum(map(int, started))))
    enrolment = study.protocol_section.design_module.enrollment_info
    return Cell(enrolment.count, "" if enrolment.type == "ACTUAL" else "planned, not actual")


def _funding(study: RegisteredStudy, problems: list[Problem]) -> Cell:
    module = study.protocol_section.sponsor_collaborators_module
    kinds = []
    for sponsor in (module.lead_sponsor, *module.collaborators):
        if sponsor.sponsor_class in SPONSORS:
            kinds.append(SPONSORS[sponsor.sponsor_class])
        elif sponsor.sponsor_class:
            problems.append(left_out("sponsorCollaboratorsModule", f"{sponsor.sponsor_class!r} is not a known value"))
    known = {kind for kind in kinds if kind is not Funding.UNKNOWN}
    if not known:
        return Cell(Funding.UNKNOWN if kinds else "")
    doubt = "" if module.lead_sponsor.sponsor_class != "OTHER" else f"sponsor {module.lead_sponsor.name}: class OTHER"
    return Cell(Funding.MIXED if len(known) > 1 else known.pop(), doubt)


def _arm(study: RegisteredStudy, group: ArmGroup, name: ArmName, n_arms: int, problems: list[Problem]) -> CandidateRow:
    listed = study.protocol_section.arms_interventions_module.interventions
    own = [one for one in listed if group.label in one.arm_group_labels]
    named = " ".join([group.label, *group.intervention_names, *(one.name for one in own)])
    described = " ".join([group.description, *(one.description for one in own)])
    given = _given(group, named, described)
    route = first_rule(ROUTES, named, described)
    cells = {
        "arm_id": Cell(name.arm_id),
        "role": _role(group, n_arms, problems),
        "intervention": Cell(given.word, given.doubt),
        **(_cells_given(named, described) if given.word == Intervention.CELL_THERAPY else {}),
        "route": Cell(route.word, f"from '{route.because}'") if route else Cell(""),
        **_people(study, name),
        "notes": Cell(" ".join(f"{group.label}: {group.description}".split())[:300]),
    }
    return row(cells, f"arm '{group.label}', type {group.type or 'not said'}", is_weak=not given.word)


def _role(group: ArmGroup, n_arms: int, problems: list[Problem]) -> Cell:
    if n_arms == 1:
        return Cell(Role.SINGLE)
    if group.type in ROLES:
        return Cell(ROLES[group.type])
    if group.type not in ("OTHER", ""):
        problems.append(left_out("armsInterventionsModule.armGroups", f"type {group.type!r} is not a known value"))
    return Cell("", f"arm type {group.type or 'not said'}: experimental or control?")


def _given(group: ArmGroup, named: str, described: str) -> Found:
    if group.type == "SHAM_COMPARATOR":
        return Found(Intervention.SHAM, "type SHAM_COMPARATOR")
    if group.type == "NO_INTERVENTION":
        return Found(Intervention.USUAL_CARE, "type NO_INTERVENTION", "an arm without intervention: usual care?")
    found = first_rule(INTERVENTIONS, named, described)
    if found is None:
        return Found("", "", "no rule for what this arm receives")
    several = [word for word in all_rules(INTERVENTIONS, named) if word != found.word]
    doubts = [found.doubt, f"also named: {', '.join(several)}" if several else ""]
    return found._replace(doubt="; ".join(doubt for doubt in doubts if doubt))


def _cells_given(named: str, described: str) -> dict[str, Cell]:
    text = f"{named} {described}"
    kind, donor = first_rule(CELL_TYPES, named, described), first_rule(DONORS, named, described)
    return {
        "cell_type": Cell(kind.word, f"from '{kind.because}'") if kind else Cell("other", "no rule for the cells"),
        "donor": Cell(donor.word) if donor else Cell("", "donor is not said"),
        "culture_expanded": Cell("", "grown in culture? yes or no"),
        "dose_million_cells": _dose(text),
        "dose_basis": Cell(DoseBasis.UNSPECIFIED, "what was counted?"),
    }


def _dose(text: str) -> Cell:
    doses = list(dict.fromkeys(re.findall(r"(\d+(?:\.\d+)?)\s*(?:million|x\s*10\s*\^?\s*6|×\s*10\^?6)\b", text, re.I)))
    if len(doses) == 1:
        return Cell(doses[0], "million cells in all, or per ml, per disc, per kg?")
    return Cell("", f"several doses named: {', '.join(doses)}" if doses else "dose is not said")


def _people(study: RegisteredStudy, name: ArmName) -> dict[str, Cell]:
    """Return how many were assigned to an arm, their age and sex."""
    results = study.results_section
    cells = {"n_assigned": Cell(""), "mean_age_years": Cell(""), "percent_female": Cell("")}
    if results is None:
        return cells
    flow, baseline = results.participant_flow_module, results.baseline_characteristics_module
    if flow and flow.periods:
        matched = match_groups(flow.groups, [name])
        for mark in flow.periods[0].milestones:
            for count in mark.achievements if mark.type == "STARTED" else ():
                if count.group_id in matched.arms and is_count(count.num_subjects):
                    cells["n_assigned"] = Cell(count.num_subjects, matched.doubts.get(count.group_id, ""))
    if baseline:
        cells |= _age_and_sex(baseline.measures, match_groups(baseline.groups, [name]))
    return cells


def _age_and_sex(measures: Sequence[Any], matched: Matched) -> dict[str, Cell]:
    cells: dict[str, Cell] = {}
    sexes: dict[str, int] = {}
    for measure in measures:
        for category in (category for part in measure.classes for category in part.categories):
            for number in category.measurements:
                if number.group_id not in matched.arms:
                    continue
                is_mean = measure.param_type == "MEAN" and measure.unit_of_measure.lower() == "years"
                if measure.title == "Age, Continuous" and is_mean:
                    cells["mean_age_years"] = Cell(number.value, matched.doubts.get(number.group_id, ""))
                if measure.title == "Sex: Female, Male" and is_count(number.value):
                    sexes[category.title] = int(number.value)
    if sum(sexes.values()) and {"Female", "Male"} <= set(sexes):
        female, both = sexes["Female"], sexes["Female"] + sexes["Male"]
        cells["percent_female"] = Cell(f"{100 * female / both:.3g}", f"computed: {female} of {both}")
    return cells
