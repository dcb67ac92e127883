"""What one arm receives, in the words of the evidence tables, and whether the model can simulate it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sciatrial.foundation import Carrier, CellType, Donor, DoseBasis, Intervention, Route

INTO_DISC = (Route.INTRADISCAL,)
TO_ROOT = (
    Route.EPIDURAL_TRANSFORAMINAL,
    Route.EPIDURAL_INTERLAMINAR,
    Route.EPIDURAL_CAUDAL,
    Route.PERINEURAL,
)
FLUIDS = (Intervention.SALINE, Intervention.HYALURONIC_ACID, Intervention.LOCAL_ANAESTHETIC, Intervention.PRP)
COURSES = (Intervention.NSAID, Intervention.GABAPENTINOID, Intervention.PHYSIOTHERAPY)

NOT_SIMULATABLE: dict[Intervention, str] = {
    Intervention.OPIOID: "no mechanism for opioids yet",
    Intervention.ANTIDEPRESSANT: "no mechanism for antidepressants yet",
    Intervention.ORAL_STEROID: "no mechanism for oral steroids yet",
    Intervention.OTHER: "not one treatment: condoliase, ozone, radiofrequency and others",
}
CELLS_NOT_SIMULATABLE: dict[CellType, str] = {
    CellType.SVF: "the share of stem cells in the product is not known",
    CellType.DISC_CELLS: "the model describes stem cells, not disc cells",
    CellType.CHONDROCYTES: "the model describes stem cells, not cartilage cells",
    CellType.OTHER: "not one product",
}
ROUTES: dict[Intervention, tuple[Route, ...]] = {
    Intervention.CELL_THERAPY: (*INTO_DISC, *TO_ROOT, Route.INTRAVENOUS),
    Intervention.EPIDURAL_STEROID: TO_ROOT,
    Intervention.BOTULINUM_TOXIN: (Route.INTRAMUSCULAR,),
    Intervention.SURGERY: (Route.OPERATIVE,),
    Intervention.NSAID: (Route.ORAL,),
    Intervention.GABAPENTINOID: (Route.ORAL,),
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
        ``bmac`` it counts nucleated cells.
    dose_basis
        What was counted; `bmac` is counted in nucleated cells, everything else in expanded cells.
    carrier, volume_ml
        What the cells are suspended in, and how much of it, 0.1 to 20 mL. Above 2 mL more cells leak out of a disc; the
        volume changes nothing else.
    route
        Where it goes. Left out where an intervention has one route only.
    n_doses, weeks_between_doses
        1 to 10 administrations, 1 to 104 weeks apart.
    drug_dose_mg
        Dose of an epidural steroid in mg triamcinolone equivalent, 1 to 200; left out, the prior table's.
    course_weeks
        Length of a course of tablets or physiotherapy, 1 to 520 weeks; left out, 8 weeks for physiotherapy and the
        whole follow-up for tablets.
    co_treatments
        Tablets or physiotherapy that everybody in the arm receives through the whole follow-up.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    intervention: Intervention
    cell_type: CellType | None = None
    donor: Donor | None = None
    dose_million_cells: Annotated[float, Field(ge=0.01, le=2000)] | None = None
    dose_basis: DoseBasis | None = None
    carrier: Carrier | None = None
    volume_ml: Annotated[float, Field(ge=0.1, le=20)] = 2.0
    route: Route | None = None
    n_doses: Annotated[int, Field(ge=1, le=10)] = 1
    weeks_between_doses: Annotated[float, Field(ge=1, le=104)] = 4.0
    drug_dose_mg: Annotated[float, Field(ge=1, le=200)] | None = None
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
            expected = DoseBasis.NUCLEATED if self.cell_type is CellType.BMAC else DoseBasis.EXPANDED_CELLS
            if self.dose_basis not in (None, expected):
                problems.append(f"a dose of {self.cell_type} is counted in {expected.value}, not {self.dose_basis}")
            if self.cell_type is CellType.BMAC and self.donor is Donor.ALLOGENEIC:
                problems.append("bmac is made from the patient's own marrow: donor is autologous")
            return problems
        words |= {"dose_basis": self.dose_basis, "carrier": self.carrier}
        return [f"{name} is for cell_therapy only" for name, value in words.items() if value is not None]

    def _other_words(self) -> list[str]:
        problems = []
        if self.drug_dose_mg is not None and self.intervention is not Intervention.EPIDURAL_STEROID:
            problems.append("drug_dose_mg is for epidural_steroid only")
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
    def where(self) -> Route:
        """The route, also where an intervention has one only."""
        return self.route if self.route is not None else ROUTES[self.intervention][0]

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
        co_treatments=protocol.co_treatments,
    )
