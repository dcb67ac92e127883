"""What one arm receives, in the words of the evidence tables, and whether the model can simulate it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sciatrial.foundation import Carrier, CellType, Donor, DoseBasis, Drug, Intervention, Route

INTO_DISC = (Route.INTRADISCAL,)
TO_ROOT = (
    Route.EPIDURAL_TRANSFORAMINAL,
    Route.EPIDURAL_INTERLAMINAR,
    Route.EPIDURAL_CAUDAL,
    Route.PERINEURAL,
)
FLUIDS = (Intervention.SALINE, Intervention.HYALURONIC_ACID, Intervention.LOCAL_ANAESTHETIC, Intervention.PRP)
# what each kind of tablet may be; the first is meant when an arm names none
TABLETS: dict[Intervention, tuple[Drug, ...]] = {
    Intervention.NSAID: (Drug.NAPROXEN,),
    Intervention.GABAPENTINOID: (Drug.PREGABALIN, Drug.GABAPENTIN),
    Intervention.OPIOID: (Drug.MORPHINE, Drug.TRAMADOL),
    Intervention.ANTIDEPRESSANT: (Drug.DULOXETINE,),
    Intervention.ORAL_STEROID: (Drug.PREDNISOLONE,),
}
EPIDURAL_STEROIDS = (Drug.TRIAMCINOLONE, Drug.METHYLPREDNISOLONE, Drug.BETAMETHASONE, Drug.DEXAMETHASONE)
COURSES = (*TABLETS, Intervention.PHYSIOTHERAPY)
# separated and given back in one session, so the patient's own; the others are expanded in culture for weeks
FRESH = (CellType.BMAC, CellType.SVF)

NOT_SIMULATABLE: dict[Intervention, str] = {
    Intervention.OTHER: "not one treatment: condoliase, ozone, radiofrequency and others",
}
CELLS_NOT_SIMULATABLE: dict[CellType, str] = {
    CellType.CHONDROCYTES: "the model describes stem cells and disc cells, not cartilage cells",
    CellType.OTHER: "not one product",
}
_BIRTH_TISSUE = (CellType.UC_MSC, CellType.UCB_MSC)
ROUTES: dict[Intervention, tuple[Route, ...]] = {
    Intervention.CELL_THERAPY: (*INTO_DISC, *TO_ROOT, Route.INTRAMUSCULAR, Route.INTRAVENOUS, Route.INTRATHECAL),
    Intervention.EPIDURAL_STEROID: TO_ROOT,
    Intervention.BOTULINUM_TOXIN: (Route.INTRAMUSCULAR,),
    Intervention.SURGERY: (Route.OPERATIVE,),
    **{tablet: (Route.ORAL,) for tablet in TABLETS},
    Intervention.PLACEBO_ORAL: (Route.ORAL,),
    Intervention.USUAL_CARE: (Route.NONE,),
    Intervention.PHYSIOTHERAPY: (Route.NONE,),
    **{fluid: (*INTO_DISC, *TO_ROOT, Route.INTRAMUSCULAR) for fluid in FLUIDS},
    Intervention.SHAM: tuple(Route),
}


class Protocol(BaseModel):
    """One arm of a trial: what is given, how much, where, how often.

    Parameters
    ----------
    intervention
        What is given; a word of the evidence tables.
    cell_type, donor, dose_million_cells
        For ``cell_therapy``, and then required. The dose is 0.01 to 2000 million cells at each administration; for
        ``bmac`` and ``svf`` it counts nucleated cells.
    dose_basis
        What was counted; `bmac` and `svf` are counted in nucleated cells, everything else in expanded cells.
    viability_percent
        Living share of the cells when they are injected, 1 to 100; left out, the prior table's.
    carrier, volume_ml
        What the cells are suspended in, and how much of it, 0.1 to 20 mL. Above 2 mL more cells leak out of a disc; the
        volume changes nothing else.
    route
        Where it goes. Left out where an intervention has one route only.
    n_doses, weeks_between_doses
        1 to 10 administrations, 1 to 104 weeks apart.
    weeks_until_treatment
        Weeks from randomisation to the first administration, 0 to 52: the time in which a patient's own cells are
        grown. 0 when left out; a study file must say it where own cells are grown.
    drug, drug_dose_mg
        Which epidural steroid, triamcinolone when left out, and mg of it at each injection, 1 to 200; left out, what is
        worth the prior table's dose of triamcinolone.
    daily_dose_mg
        For tablets, 0.1 to 5000 mg of `drug` a day; left out, the reference dose. The first drug of the class is meant
        when none is named.
    course_weeks
        Length of a course of tablets or physiotherapy, 1 to 520 weeks; left out, 8 weeks for physiotherapy, 2 for an
        oral steroid and the whole follow-up for other tablets.
    co_treatments
        Tablets or physiotherapy that everybody in the arm receives through the whole follow-up.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    intervention: Intervention
    cell_type: CellType | None = None
    donor: Donor | None = None
    dose_million_cells: Annotated[float, Field(ge=0.01, le=2000)] | None = None
    dose_basis: DoseBasis | None = None
    viability_percent: Annotated[float, Field(ge=1, le=100)] | None = None
    carrier: Carrier | None = None
    volume_ml: Annotated[float, Field(ge=0.1, le=20)] = 2.0
    route: Route | None = None
    n_doses: Annotated[int, Field(ge=1, le=10)] = 1
    weeks_between_doses: Annotated[float, Field(ge=1, le=104)] = 4.0
    weeks_until_treatment: Annotated[float, Field(ge=0, le=52)] = 0.0
    drug: Drug | None = None
    drug_dose_mg: Annotated[float, Field(ge=1, le=200)] | None = None
    daily_dose_mg: Annotated[float, Field(ge=0.1, le=5000)] | None = None
    course_weeks: Annotated[float, Field(ge=1, le=520)] | None = None
    co_treatments: tuple[Intervention, ...] = ()

    @model_validator(mode="after")
    def _words_fit_together(self) -> Protocol:
        problems = [*self._unsimulatable(), *self._cell_words(), *self._other_words()]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _unsimulatable(self) -> list[str]:
        problems = []
        for word in (self.intervention, *self.co_treatments):
            if word in NOT_SIMULATABLE:
                problems.append(f"'{word}' cannot be simulated: {NOT_SIMULATABLE[word]}")
        if self.cell_type is not None and self.cell_type in CELLS_NOT_SIMULATABLE:
            problems.append(f"'{self.cell_type}' cannot be simulated: {CELLS_NOT_SIMULATABLE[self.cell_type]}")
        routes = ROUTES.get(self.intervention, ())
        if routes and self.route is None and len(routes) > 1:
            problems.append(f"'{self.intervention}' needs a route: one of {', '.join(routes)}")
        if routes and self.route is not None and self.route not in routes:
            problems.append(f"'{self.intervention}' cannot go by the route '{self.route}': one of {', '.join(routes)}")
        return problems

    def _cell_words(self) -> list[str]:
        words = {"cell_type": self.cell_type, "donor": self.donor, "dose_million_cells": self.dose_million_cells}
        if self.intervention is Intervention.CELL_THERAPY:
            problems = [f"cell_therapy needs {name}" for name, value in words.items() if value is None]
            fresh = self.cell_type in FRESH
            expected = DoseBasis.NUCLEATED if fresh else DoseBasis.EXPANDED_CELLS
            if self.dose_basis not in (None, expected):
                problems.append(f"a dose of {self.cell_type} is counted in {expected.value}, not {self.dose_basis}")
            if fresh and self.donor is Donor.ALLOGENEIC:
                problems.append(f"{self.cell_type} is made from the patient's own tissue: donor is autologous")
            if self.cell_type in _BIRTH_TISSUE and self.donor is Donor.AUTOLOGOUS:
                problems.append(f"{self.cell_type} comes from birth tissue of another person: donor is allogeneic")
            if self.cell_type is CellType.DISC_CELLS and self.route not in (None, Route.INTRADISCAL):
                problems.append("disc_cells make matrix in a disc: route is intradiscal")
            return problems
        words |= {"dose_basis": self.dose_basis, "carrier": self.carrier, "viability_percent": self.viability_percent}
        return [f"{name} is for cell_therapy only" for name, value in words.items() if value is not None]

    def _other_words(self) -> list[str]:
        problems = []
        is_steroid, is_tablet = self.intervention is Intervention.EPIDURAL_STEROID, self.intervention in TABLETS
        if self.drug_dose_mg is not None and not is_steroid:
            problems.append("drug_dose_mg is for epidural_steroid only; tablets have daily_dose_mg")
        if self.daily_dose_mg is not None and not is_tablet:
            problems.append(f"daily_dose_mg is for {', '.join(TABLETS)} only")
        choices = EPIDURAL_STEROIDS if is_steroid else TABLETS.get(self.intervention, ())
        if self.drug is not None and self.drug not in choices:
            known = f"one of {', '.join(choices)}" if choices else "left out"
            problems.append(f"drug {self.drug} is not for {self.intervention}: {known}")
        if self.course_weeks is not None and self.intervention not in COURSES:
            problems.append(f"course_weeks is for {', '.join(COURSES)} only")
        problems += [
            f"co_treatments: '{word}' is not one of {', '.join(COURSES)}"
            for word in self.co_treatments
            if word not in COURSES and word not in NOT_SIMULATABLE
        ]
        return problems

    @property
    def is_cell_therapy(self) -> bool:
        """Whether the arm receives cells."""
        return self.intervention is Intervention.CELL_THERAPY

    @property
    def is_grown_from_own_cells(self) -> bool:
        """Whether the arm receives cells that were grown from the patient's own, which takes weeks."""
        return self.is_cell_therapy and self.donor is Donor.AUTOLOGOUS and self.cell_type not in FRESH

    @property
    def where(self) -> Route:
        """The route, also where an intervention has one only."""
        return self.route if self.route is not None else ROUTES[self.intervention][0]

    @property
    def which_drug(self) -> Drug | None:
        """The drug, also where it is left out; None for arms without one."""
        if self.intervention is Intervention.EPIDURAL_STEROID:
            return self.drug or EPIDURAL_STEROIDS[0]
        return self.drug or next(iter(TABLETS.get(self.intervention, ())), None)

    @property
    def which_carrier(self) -> Carrier | None:
        """The carrier of cells, saline where it is left out; None for arms without cells."""
        return (self.carrier or Carrier.SALINE) if self.is_cell_therapy else None

    @property
    def context(self) -> str | None:
        """Which context response the arm raises: ``oral``, ``injection``, ``intradiscal``; None in usual care."""
        if self.intervention is Intervention.USUAL_CARE:
            return None
        if self.where is Route.INTRADISCAL:
            return "intradiscal"
        return "oral" if self.where in (Route.ORAL, Route.NONE) else "injection"


def sham_of(protocol: Protocol) -> Protocol:
    """Return the sham of an arm: the same route and the same number of visits, nothing injected at the target."""
    return Protocol(
        intervention=Intervention.SHAM,
        route=protocol.where,
        n_doses=protocol.n_doses,
        weeks_between_doses=protocol.weeks_between_doses,
        weeks_until_treatment=protocol.weeks_until_treatment,
        co_treatments=protocol.co_treatments,
    )


def control_of(protocol: Protocol) -> Protocol:
    """Return what shows an arm's own effect: cells are compared with their carrier alone, everything else with a sham.

    The carrier alone goes by the same route, in the same volume, on the same days. Where it is no known intervention by
    that route (fibrin, or a fluid into a vein), cells too are compared with their sham.
    """
    fluid = next((fluid for fluid in FLUIDS if fluid == protocol.which_carrier), None)
    if fluid is None or protocol.where not in ROUTES[fluid]:
        return sham_of(protocol)
    return Protocol(
        intervention=fluid,
        route=protocol.where,
        volume_ml=protocol.volume_ml,
        n_doses=protocol.n_doses,
        weeks_between_doses=protocol.weeks_between_doses,
        weeks_until_treatment=protocol.weeks_until_treatment,
        co_treatments=protocol.co_treatments,
    )
