"""Arms → USDM interventions: what is given, how much of it, by which route, how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sciatrial.clinic import COURSES, FLUIDS, Protocol
from sciatrial.exchange import usdm_terms as terms
from sciatrial.exchange.usdm_pieces import Piece, Pieces
from sciatrial.foundation import Intervention
from sciatrial.trial import Design, Rescue


@dataclass(frozen=True)
class Interventions:
    """All interventions of a design, those of each arm, rescue, and the products that are given."""

    all: list[Piece]
    by_arm: Mapping[str, list[Piece]]
    rescue: list[Piece]
    products: list[Piece]


def add_interventions(made: Pieces, design: Design) -> Interventions:
    """Return the interventions of a design; arms of usual care have none but what everybody takes beside."""
    about, last_month = experimental_arms(design), design.visits_months[-1]
    every: list[Piece] = []
    products: list[Piece] = []
    by_arm: dict[str, list[Piece]] = {}
    for arm, protocol in design.arms.items():
        own = []
        if protocol.intervention is not Intervention.USUAL_CARE:
            own.append(_of_arm(made, arm, protocol, products, last_month, is_experimental=arm in about))
        own += [
            _beside(made, f"{arm}_{word}", word, terms.BACKGROUND, _course(made, None, last_month))
            for word in protocol.co_treatments
        ]
        by_arm[arm] = own
        every += own
    rescue = [] if design.rescue is None else [_rescue(made, design.rescue, last_month)]
    return Interventions([*every, *rescue], by_arm, rescue, products)


def _rescue(made: Pieces, rescue: Rescue, last_month: float) -> Piece:
    word = Intervention(rescue.intervention)
    if not rescue.is_surgery:
        return _beside(made, "RESCUE", word, terms.RESCUE, _course(made, rescue.course_weeks, last_month))
    weeks = rescue.weeks_until_surgery or 0.0
    when = "at the visit" if weeks == 0 else f"{weeks:g} weeks after the visit"
    return _beside(made, "RESCUE", word, terms.RESCUE, made.moment(f"once, {when} that gives rise to it"), terms.ONCE)


def experimental_arms(design: Design) -> tuple[str, ...]:
    """Return the arms that the trial is about: those with cells, or else the first arm of every comparison."""
    cells = tuple(arm for arm, protocol in design.arms.items() if protocol.is_cell_therapy)
    return cells or tuple(dict.fromkeys(item.arm for item in design.compared()))


def _of_arm(
    made: Pieces, arm: str, protocol: Protocol, products: list[Piece], last_month: float, *, is_experimental: bool
) -> Piece:
    product = None
    if _has_dose(protocol):
        product = made.named(
            "AdministrableProduct", arm, label=in_words(protocol), pharmacologicClass=None,
            administrableDoseForm=made.alias(terms.form_of(protocol.intervention)),
            productDesignation=made.code(terms.INVESTIGATIONAL if is_experimental else terms.AUXILIARY),
            sourcing=None, properties=[], identifiers=[], ingredients=[], notes=[],
        )  # fmt: skip
        products.append(product)
    return made.named(
        "StudyIntervention", arm, label=in_words(protocol),
        role=made.code(terms.role_of(protocol.intervention, is_experimental=is_experimental)),
        type=made.code(terms.type_of(protocol.intervention)), minimumResponseDuration=None, codes=[],
        administrations=_administrations(made, arm, protocol, product, last_month), notes=[],
    )  # fmt: skip


def _administrations(
    made: Pieces, arm: str, protocol: Protocol, product: Piece | None, last_month: float
) -> list[Piece]:
    if protocol.intervention in COURSES or protocol.context == "oral":
        dose = None if protocol.daily_dose_mg is None else made.quantity(protocol.daily_dose_mg, terms.MG_A_DAY)
        often = None if dose is None else terms.DAILY
        lasts = _course(made, protocol.course_weeks, last_month)
        return [_administration(made, f"{arm}_COURSE", protocol, lasts, dose, often, product)]
    found = []
    for number in range(protocol.n_doses):
        week = protocol.weeks_until_treatment + number * protocol.weeks_between_doses
        when = "once, at randomisation" if week == 0 else f"once, {week:g} weeks after randomisation"
        name = f"{arm}_DOSE_{number + 1}"
        found.append(
            _administration(made, name, protocol, made.moment(when), _dose(made, protocol), terms.ONCE, product)
        )
    return found


def _course(made: Pieces, weeks: float | None, last_month: float) -> Piece:
    if weeks is None:
        return made.duration("through the whole follow-up", float(last_month), terms.MONTHS)
    return made.duration(f"{weeks:g} weeks", float(weeks), terms.WEEKS)


def _administration(
    made: Pieces, name: str, protocol: Protocol, lasts: Piece, dose: Piece | None, often: terms.Term | None,
    product: Piece | None,
) -> Piece:  # fmt: skip
    route = terms.ROUTES.get(protocol.where)
    return made.named(
        "Administration", name, label=f"{in_words(protocol)}, {lasts['text']}", duration=lasts,
        dose=dose, route=None if route is None else made.alias(route),
        frequency=None if often is None else made.alias(often),
        administrableProductId=None if product is None else product["id"], medicalDeviceId=None, notes=[],
    )  # fmt: skip


def _has_dose(protocol: Protocol) -> bool:
    """Return whether the study file says how much of something is given."""
    doses = (protocol.dose_million_cells, protocol.drug_dose_mg, protocol.daily_dose_mg)
    return protocol.intervention in FLUIDS or any(dose is not None for dose in doses)


def _dose(made: Pieces, protocol: Protocol) -> Piece | None:
    if protocol.dose_million_cells is not None:
        return made.quantity(protocol.dose_million_cells, terms.MILLION_CELLS)
    if protocol.intervention in FLUIDS:
        return made.quantity(protocol.volume_ml, terms.ML)
    return None if protocol.drug_dose_mg is None else made.quantity(protocol.drug_dose_mg, terms.MG)


def _beside(
    made: Pieces, name: str, word: Intervention, role: terms.Term, lasts: Piece, often: terms.Term | None = None
) -> Piece:
    protocol = Protocol(intervention=word)
    given = f"{name}_COURSE" if often is None else f"{name}_ONCE"
    return made.named(
        "StudyIntervention", name, label=str(word).replace("_", " "), role=made.code(role),
        type=made.code(terms.type_of(word)), minimumResponseDuration=None, codes=[],
        administrations=[_administration(made, given, protocol, lasts, None, often, None)], notes=[],
    )  # fmt: skip


def in_words(protocol: Protocol) -> str:
    """Return what an arm is given, with its dose."""
    what = str(protocol.intervention).replace("_", " ")
    drug = protocol.which_drug
    parts = [what if drug is None else f"{what} ({drug})"]
    if protocol.is_cell_therapy:
        cells = f"{protocol.donor} {str(protocol.cell_type).replace('_', ' ')}"
        parts.append(f"{cells}, {protocol.dose_million_cells:g} million in {protocol.which_carrier}")
    if protocol.drug_dose_mg is not None:
        parts.append(f"{protocol.drug_dose_mg:g} mg")
    if protocol.daily_dose_mg is not None:
        parts.append(f"{protocol.daily_dose_mg:g} mg a day")
    if protocol.where not in ("none", "oral"):
        parts.append(str(protocol.where).replace("_", " "))
    return ", ".join(parts)
