"""The design of a study → CDISC USDM 4.0 JSON: what is planned, for the programs of those who write protocols."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sciatrial.clinic import COURSES
from sciatrial.exchange import usdm_terms as terms
from sciatrial.exchange.usdm_interventions import Interventions, add_interventions, experimental_arms
from sciatrial.exchange.usdm_notes import notes_of
from sciatrial.exchange.usdm_pieces import Piece, Pieces, chained
from sciatrial.exchange.usdm_timeline import add_schedule
from sciatrial.foundation import Donor, StudyError, scale_of, unknown_word
from sciatrial.population import Cohort
from sciatrial.trial import Design, Strategy, SummaryMeasure

USDM_VERSION = "4.0.0"
_NOT_NAMED = "not named in the study file"


def to_usdm(
    design: Design,
    cohort: Cohort,
    *,
    study: str,
    question: str,
    program: tuple[str, str],
    sponsor: tuple[str, str] | None = None,
) -> str:
    """Return a design as a USDM document.

    Parameters
    ----------
    design, cohort
        What is planned, and who may enrol.
    study, question
        Name of the study, and what it is to find out.
    program
        Name and version of the program.
    sponsor
        Name of the sponsor, and a word of ``SPONSOR_KINDS``. Left out, the document says that nobody is named, which
        rules for whole protocols do not accept.

    Returns
    -------
    str
        JSON: arms, epochs, elements, cells, visits and activities with their times, objectives, endpoint, an estimand
        for each comparison, interventions with doses, criteria, population. What a study file does not say (sponsor,
        phase, dates, codes of the indication) is left out or says so; nothing is made up.

    Raises
    ------
    StudyError
        For an unknown kind of sponsor.

    Source
    ------
    CDISC Unified Study Definitions Model 4.0.
    """
    made = Pieces()
    interventions = add_interventions(made, design)
    schedule = add_schedule(made, design, interventions)
    population, criteria, items = _population(made, design, cohort)
    objectives, endpoint = _objectives(made, design, question)
    everybody = made.named(
        "AnalysisPopulation", "ALL_RANDOMISED", label="All randomised", text="Everybody who was randomised", notes=[],
        subsetOfIds=[],
    )  # fmt: skip
    populations = _estimand_populations(made, design, everybody)
    epochs = schedule.epochs
    plan = made.named(
        "InterventionalStudyDesign", "DESIGN", label=f"Design of {study}", description=question,
        studyType=made.code(terms.INTERVENTIONAL), studyPhase=None, therapeuticAreas=[],
        characteristics=[made.code(term) for term in _characteristics(design)],
        encounters=schedule.encounters, activities=schedule.activities,
        arms=_arms(made, design, population), studyCells=[], rationale=question, epochs=epochs, elements=[],
        estimands=_estimands(made, design, interventions, endpoint, populations),
        indications=[
            made.named(
                "Indication", "INDICATION", label=cohort.meaning or cohort.name, codes=[], isRareDisease=False,
                notes=[],
            )
        ],
        studyInterventionIds=[piece["id"] for piece in interventions.all], objectives=objectives, population=population,
        scheduleTimelines=[schedule.timeline], biospecimenRetentions=[], documentVersionIds=[],
        eligibilityCriteria=criteria,
        analysisPopulations=[everybody, *(piece for piece in populations.values() if piece is not everybody)],
        notes=[
            made.make("CommentAnnotation", text=text, codes=[])
            for text in notes_of(design, is_blind=is_blind(design))
        ],
        subTypes=[made.code(terms.EFFICACY_STUDY), *([made.code(terms.SAFETY_STUDY)] if design.safety else [])],
        model=made.code(_model(design)),
        intentTypes=[made.code(terms.TREATMENT_STUDY)],
        blindingSchema=made.alias(terms.DOUBLE_BLIND if is_blind(design) else terms.OPEN_LABEL),
    )  # fmt: skip
    _add_cells(made, design, plan, interventions)
    owner = _sponsor(made, sponsor, program)
    version = made.make("StudyVersion", versionIdentifier="1", rationale=question, documentVersionIds=[], dateValues=[])
    version |= {
        "amendments": [], "businessTherapeuticAreas": [],
        "studyIdentifiers": [made.make("StudyIdentifier", text=study, scopeId=owner["id"])],
        "referenceIdentifiers": [], "studyDesigns": [plan],
        "titles": [made.make("StudyTitle", text=question, type=made.code(terms.OFFICIAL_TITLE))],
        "eligibilityCriterionItems": items, "narrativeContentItems": [], "abbreviations": [],
        "roles": _roles(made, design, version, plan, owner), "organizations": [owner],
        "studyInterventions": interventions.all, "administrableProducts": interventions.products, "medicalDevices": [],
        "productOrganizationRoles": [], "biomedicalConcepts": [], "bcCategories": [], "bcSurrogates": schedule.measures,
        "dictionaries": [], "conditions": [], "notes": [],
    }  # fmt: skip
    whole = {
        "study": {
            "id": None, "name": study, "label": study, "description": question, "versions": [version],
            "documentedBy": [], "extensionAttributes": [], "instanceType": "Study",
        },
        "usdmVersion": USDM_VERSION, "systemName": program[0], "systemVersion": program[1],
    }  # fmt: skip
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _sponsor(made: Pieces, sponsor: tuple[str, str] | None, program: tuple[str, str]) -> Piece:
    """Return the sponsor; the list of its kinds may be extended, and is where nobody is named."""
    if sponsor is None:
        nobody = f"Sponsor, {_NOT_NAMED}"
        kind = made.make(
            "Code", code="not_named", codeSystem=program[0], codeSystemVersion=program[1], decode=_NOT_NAMED
        )
        return _organisation(made, nobody, kind)
    name, word = sponsor
    if word not in terms.SPONSOR_KINDS:
        raise StudyError("sponsor", unknown_word("kind", word, terms.SPONSOR_KINDS, "kind of sponsor"))
    return _organisation(made, name, made.code(terms.SPONSOR_KINDS[word]))


def _organisation(made: Pieces, name: str, kind: Piece) -> Piece:
    return made.make(
        "Organization", name=name, label=name, type=kind, identifierScheme=_NOT_NAMED, identifier=_NOT_NAMED,
        legalAddress=None, managedSites=[],
    )  # fmt: skip


def is_blind(design: Design) -> bool:
    """Return whether nobody can tell arms apart by how they are treated.

    The same route on the same days, courses as long, the same beside it, and own cells taken in all arms or in none.
    """
    ways = {
        (protocol.where, protocol.n_doses, protocol.weeks_between_doses if protocol.n_doses > 1 else 0.0,
         protocol.weeks_until_treatment, protocol.course_weeks if protocol.intervention in COURSES else None,
         frozenset(protocol.co_treatments), protocol.is_cell_therapy and protocol.donor is Donor.AUTOLOGOUS,
         protocol.context)
        for protocol in design.arms.values()
    }  # fmt: skip
    return len(ways) == 1 and next(iter(ways))[-1] is not None


def _characteristics(design: Design) -> list[terms.Term]:
    found = [terms.RANDOMISED, terms.MULTICENTRE if design.n_sites > 1 else terms.SINGLE_CENTRE]
    if design.randomisation.strata:
        found.append(terms.STRATIFIED)
    is_adaptive = design.looks.information or design.multi_arm or design.reestimation or design.response_adaptive
    return [*found, terms.ADAPTIVE] if is_adaptive else found


def _model(design: Design) -> terms.Term:
    """Return which of the models of a study it is; each has one."""
    if design.factorial is not None:
        return terms.FACTORIAL
    return terms.GROUP_SEQUENTIAL if design.looks.information else terms.PARALLEL


def _arms(made: Pieces, design: Design, population: Piece) -> list[Piece]:
    about, sizes = experimental_arms(design), design.expected_sizes()
    return [
        made.named(
            "StudyArm", arm, description=f"{sizes[arm]:g} of {design.size} patients",
            type=made.code(terms.arm_type(protocol.intervention, is_experimental=arm in about)),
            dataOriginDescription="Data collected from participants",
            dataOriginType=made.code(terms.WITHIN_STUDY), populationIds=[population["id"]], notes=[],
        )
        for arm, protocol in design.arms.items()
    ]  # fmt: skip


def _add_cells(made: Pieces, design: Design, plan: Piece, interventions: Interventions) -> None:
    """Give every arm its element in every epoch."""
    screening, treatment, follow_up = plan["epochs"]

    def element(name: str, label: str, given: list[str]) -> Piece:
        piece = made.named(
            "StudyElement", name, label=label, transitionStartRule=None, transitionEndRule=None,
            studyInterventionIds=given, notes=[],
        )  # fmt: skip
        plan["elements"].append(piece)
        return piece

    first = element("SCREENING", "Screening", [])
    last = element("FOLLOW_UP", "Follow-up", [piece["id"] for piece in interventions.rescue])
    for arm, own in zip(design.arms, plan["arms"], strict=True):
        given = [piece["id"] for piece in interventions.by_arm[arm]]
        middle = element(f"TREATMENT_{arm}", f"Treatment: {arm}", given)
        for epoch, piece in ((screening, first), (treatment, middle), (follow_up, last)):
            plan["studyCells"].append(
                made.make("StudyCell", armId=own["id"], epochId=epoch["id"], elementIds=[piece["id"]])
            )


def _population(made: Pieces, design: Design, cohort: Cohort) -> tuple[Piece, list[Piece], list[Piece]]:
    shortest, longest = cohort.symptom_months
    age = cohort.age_years
    texts = [
        cohort.meaning or f"cause: {', '.join(cohort.causes)}",
        f"duration of symptoms {shortest:g} to {longest:g} months",
        f"age {age.lowest:g} to {age.highest:g} years",
        *(
            f"{str(score).replace('_', ' ')} of {low:g} to {high:g} ({scale_of(score)[2]}) as measured at entry"
            for score, (low, high) in cohort.eligible.items()
        ),
    ]
    items = [
        made.named(
            "EligibilityCriterionItem", f"ITEM_{place}", label=text, text=f"<p>{text}</p>", dictionaryId=None, notes=[]
        )
        for place, text in enumerate(texts, start=1)
    ]
    criteria = chained([
        made.named(
            "EligibilityCriterion", f"INCLUSION_{place}", label=text, category=made.code(terms.INCLUSION),
            identifier=f"{place:02d}", criterionItemId=item["id"], notes=[],
        )
        for place, (text, item) in enumerate(zip(texts, items, strict=True), start=1)
    ])  # fmt: skip
    sexes = [
        term
        for term, share in ((terms.FEMALE, cohort.percent_female), (terms.MALE, 100 - cohort.percent_female))
        if share
    ]
    staying = round(design.size * design.share_staying(design.visits_months[-1]))
    population = made.named(
        "StudyDesignPopulation", cohort.name, label=cohort.meaning or cohort.name, includesHealthySubjects=False,
        plannedEnrollmentNumber=made.quantity(float(design.size)),
        plannedCompletionNumber=made.quantity(float(staying)),
        plannedSex=[made.code(term) for term in sexes], criterionIds=[piece["id"] for piece in criteria],
        plannedAge=made.make(
            "Range", minValue=made.quantity(age.lowest, terms.YEARS), maxValue=made.quantity(age.highest, terms.YEARS),
            isApproximate=False,
        ),
        notes=[], cohorts=[],
    )  # fmt: skip
    return population, criteria, items


def _objectives(made: Pieces, design: Design, question: str) -> tuple[list[Piece], Piece]:
    endpoint = made.named(
        "Endpoint", "ENDPOINT_1", label=endpoint_in_words(design), text=f"<p>{endpoint_in_words(design)}</p>",
        dictionaryId=None, notes=[], purpose="Efficacy", level=made.code(terms.PRIMARY_ENDPOINT),
    )  # fmt: skip
    primary = made.named(
        "Objective", "OBJECTIVE_1", label="Primary objective", text=f"<p>{question}</p>", dictionaryId=None, notes=[],
        level=made.code(terms.PRIMARY_OBJECTIVE), endpoints=[endpoint],
    )  # fmt: skip
    if design.safety is None:
        return [primary], endpoint
    harms = made.named(
        "Endpoint", "ENDPOINT_2", label="Patients with a harm", text="<p>Patients with a harm at least once</p>",
        dictionaryId=None, notes=[], purpose="Safety", level=made.code(terms.SECONDARY_ENDPOINT),
    )  # fmt: skip
    secondary = made.named(
        "Objective", "OBJECTIVE_2", label="Harms", text="<p>To see harms, or to exclude their rates</p>",
        dictionaryId=None, notes=[], level=made.code(terms.SECONDARY_OBJECTIVE), endpoints=[harms],
    )  # fmt: skip
    return [primary, secondary], endpoint


def endpoint_in_words(design: Design) -> str:
    """Return what the trial is judged by, in a few words."""
    endpoint = design.endpoint
    score = f"{str(endpoint.outcome).replace('_', ' ')} ({scale_of(endpoint.outcome)[2]})"
    month = f"at month {endpoint.month:g}"
    if endpoint.rule is not None:
        return f"Response by the rule {endpoint.rule} {month}"
    if endpoint.categories:
        return f"Category of {score} {month}, cut at {', '.join(f'{cut:g}' for cut in endpoint.categories)}"
    if endpoint.hierarchy:
        return f"Hierarchy of {len(endpoint.hierarchy)} outcomes {month}"
    return f"Change of {score} from baseline {month}"


def _estimand_populations(made: Pieces, design: Design, everybody: Piece) -> dict[str, Piece]:
    """Return the population of each comparison's estimand: everybody, or the comparison's own principal stratum."""
    if design.estimand.rescue is not Strategy.PRINCIPAL_STRATUM:
        return {item.name: everybody for item in design.compared()}
    return {
        item.name: made.named(
            "AnalysisPopulation", f"STRATUM_{place}", label=f"Principal stratum of {item.name}",
            text=f"Those of all randomised who would need rescue before the endpoint neither in {item.arm} nor in "
            f"{item.control}; nobody can be seen to belong to it",
            notes=[], subsetOfIds=[everybody["id"]],
        )
        for place, item in enumerate(design.compared(), start=1)
    }  # fmt: skip


def _estimands(
    made: Pieces, design: Design, interventions: Interventions, endpoint: Piece, populations: Mapping[str, Piece]
) -> list[Piece]:
    measure = str(design.estimand.summary_measure).replace("_", " ")
    if design.estimand.summary_measure is SummaryMeasure.DIFFERENCE_IN_MEANS:
        measure = "difference in means"
    found = []
    for place, item in enumerate(design.compared(), start=1):
        given = [piece["id"] for arm in (item.arm, item.control) for piece in interventions.by_arm[arm]]
        found.append(
            made.named(
                "Estimand", f"ESTIMAND_{place}", label=item.name,
                description=f"{measure}, {item.name}; analysed by {str(design.analysis).replace('_', ' ')}",
                populationSummary=f"{measure} of {item.name} in: {populations[item.name]['label'].lower()}",
                analysisPopulationId=populations[item.name]["id"], interventionIds=given,
                variableOfInterestId=endpoint["id"],
                intercurrentEvents=_intercurrent(made, design, place), notes=[],
            )
        )  # fmt: skip
    return found


def _intercurrent(made: Pieces, design: Design, place: int) -> list[Piece]:
    if design.rescue is None:
        return []
    rescue = design.rescue
    score = str(rescue.score).replace("_", " ")
    text = f"Rescue by {rescue.intervention} where {score} exceeds {rescue.above:g} from month {rescue.from_month:g} on"
    if rescue.is_surgery:
        text += f", {rescue.weeks_until_surgery:g} weeks after the visit"
    return [
        made.named(
            "IntercurrentEvent", f"RESCUE_{place}", label="Rescue", text=f"<p>{text}</p>", dictionaryId=None, notes=[],
            strategy=str(design.estimand.rescue).replace("_", " "),
        )
    ]  # fmt: skip


def _roles(made: Pieces, design: Design, version: Piece, plan: Piece, sponsor: Piece) -> list[Piece]:
    def role(name: str, term: terms.Term, applies: str, **values: Any) -> Piece:
        whole = {"assignedPersons": [], "organizationIds": [], "masking": None, **values}
        return made.named("StudyRole", name, code=made.code(term), appliesToIds=[applies], notes=[], **whole)

    found = [role("SPONSOR", terms.SPONSOR, version["id"], organizationIds=[sponsor["id"]])]
    if is_blind(design):
        told = "does not know the arm: arms are treated alike, by the same route on the same days"
        found += [
            role(name, term, plan["id"], masking=made.make("Masking", text=f"{who} {told}", isMasked=True))
            for name, term, who in (
                ("PATIENT", terms.SUBJECT, "The patient"),
                ("ASSESSOR", terms.ASSESSOR, "Who measures"),
            )
        ]
    return found
