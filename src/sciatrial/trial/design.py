"""The design of a parallel-group trial: arms, allocation, visits, endpoint, looks, rescue, dropout."""

from __future__ import annotations

from math import ceil, gcd
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sciatrial.clinic import Protocol
from sciatrial.foundation import LONGEST_MONTHS, Intervention, Score
from sciatrial.statistics import GroupSequentialDesign, Sides, SmallSample
from sciatrial.trial.accrual import Accrual
from sciatrial.trial.aims import Analysis, SummaryMeasure
from sciatrial.trial.borrowing import Borrowing
from sciatrial.trial.costs import Costs
from sciatrial.trial.design_problems import design_problems
from sciatrial.trial.dose_finding import DoseFinding
from sciatrial.trial.endpoint import Endpoint, Missing
from sciatrial.trial.enrichment import Enrichment, population_names
from sciatrial.trial.estimand import Estimand
from sciatrial.trial.factorial import Factorial
from sciatrial.trial.imputation import Imputation
from sciatrial.trial.looks import Looks, planned_bounds
from sciatrial.trial.missingness import DropoutHazard, MissingVisits
from sciatrial.trial.multi_arm import MultiArm
from sciatrial.trial.multiplicity import Multiplicity
from sciatrial.trial.platform_trial import Platform, platform_plan
from sciatrial.trial.randomisation import Randomisation
from sciatrial.trial.reestimation import Reestimation
from sciatrial.trial.response_adaptive import ResponseAdaptive
from sciatrial.trial.safety import Safety
from sciatrial.trial.time_trend import TimeTrend

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
# written into every saved study, also beside surgery
_USUAL_COURSE_WEEKS = 12.0
_Months = Annotated[float, Field(gt=0, le=LONGEST_MONTHS)]


class Rescue(BaseModel):
    """Tablets or an operation that a patient gets when a measured score exceeds a threshold at a visit.

    Parameters
    ----------
    score, above
        Measured score, and the value (0 to below 100) above which rescue starts.
    intervention
        ``nsaid``, ``gabapentinoid``, or ``surgery``: crossing over to an operation, as the arm of that name has it.
    course_weeks
        Tablets only: 1 to 520 weeks from that visit; 12 when left out.
    weeks_until_surgery
        ``surgery`` only, where it must be told: 0 to 52 weeks from that visit to the operation; an assumption.
    from_month
        Earliest visit at which rescue is offered.
    """

    model_config = _STRICT

    score: Score
    above: Annotated[float, Field(ge=0, lt=100)]  # no measured score exceeds 100
    intervention: Literal[Intervention.NSAID, Intervention.GABAPENTINOID, Intervention.SURGERY] = Intervention.NSAID
    course_weeks: Annotated[float, Field(ge=1, le=520)] = _USUAL_COURSE_WEEKS
    weeks_until_surgery: Annotated[float, Field(ge=0, le=52)] | None = None
    from_month: Annotated[float, Field(ge=0, le=LONGEST_MONTHS)] = 1.0

    @field_validator("score")
    @classmethod
    def _higher_is_worse(cls, score: Score) -> Score:
        if score is Score.QUALITY_OF_LIFE:
            raise ValueError("rescue starts above a threshold; quality_of_life is worse below one")
        return score

    @property
    def is_surgery(self) -> bool:
        """Whether patients cross over to an operation."""
        return self.intervention is Intervention.SURGERY

    @model_validator(mode="after")
    def _settings_belong_to_the_intervention(self) -> Self:
        found = []
        if self.is_surgery and "course_weeks" in self.model_fields_set and self.course_weeks != _USUAL_COURSE_WEEKS:
            found.append("course_weeks: has no meaning with intervention surgery; no such line; delete it")
        if self.is_surgery and self.weeks_until_surgery is None:
            found.append("weeks_until_surgery: is missing; 0 to 52, from the visit to the operation; add it")
        if not self.is_surgery and self.weeks_until_surgery is not None:
            told = f"has no meaning with intervention {self.intervention}"
            found.append(f"weeks_until_surgery: {told}; no such line; delete it")
        if found:
            raise ValueError("\n".join(found))
        return self


class Comparison(BaseModel):
    """One arm against another."""

    model_config = _STRICT

    arm: str
    control: str

    @property
    def name(self) -> str:
        """``arm vs control``."""
        return f"{self.arm} vs {self.control}"


def _alpha_left_out(before: dict[str, Any]) -> float:
    """Return alpha of a design that tells none; `before` holds the settings listed above it."""
    return 0.025 if before.get("sides") is Sides.ONE else 0.05


class Design(BaseModel):
    """A parallel-group trial.

    Parameters
    ----------
    arms
        Name → what the arm receives; two or more.
    n_total
        Patients randomised in all, at least two for each arm.
    allocation
        Arm → whole number; the ratio of the arms' sizes. Left out, all arms are equal.
    n_per_arm
        Instead of `n_total`, when all arms are equal.
    visits_months
        Months after randomisation, increasing; the baseline visit is not listed.
    visit_window_days
        A visit takes place up to so many days (0 to 60) before or after the planned one, each day as likely; scores are
        those of the day itself.
    endpoint
        What the trial is judged by; its month is a visit.
    comparisons
        Which arms are compared. Left out: every arm with cells against every arm without; with none of either kind,
        every arm against the first.
    analysis
        How the endpoint is analysed; see `Analysis`.
    estimand
        What is estimated, above all what becomes of scores after rescue; the analysis must aim at it.
    small_sample
        ``satterthwaite`` or ``kenward_roger``: degrees of freedom of ``mmrm`` and ``clda``. Those of the ``ancova`` are
        exact; analyses of responses, categories and hierarchies are normal.
    alpha
        Error of each comparison (0.001 to 0.2) over all its looks, not adjusted for their number unless `multi_arm` or
        `multiplicity` makes it the error of all of them: of both directions together where `sides` is ``two_sided``, of
        the arm's benefit alone where it is ``one_sided``. Left out, 0.05 and 0.025.
    sides
        ``two_sided``, or ``one_sided`` (needed by futility bounds).
    looks
        Interim looks with their bounds; left out, the final analysis is the only look.
    accrual
        How fast patients come, and where; needed by interim looks, from whose information calendar time follows.
    randomisation
        How patients are assigned to arms; left out, permuted blocks without strata.
    adjust_for
        What the analysis adjusts for beside the baseline of its score: words as in `randomisation.strata`, or a number
        known at entry as it is (``age_years``, ``symptom_months``, a score). An ``mmrm`` and a ``clda`` adjust at every
        visit; ``responders`` compares shares within strata, the cross-classification of words with levels, and not of
        numbers; conditional odds ratios are conditional on all of it. Not with ``win_statistics``.
    dropout_per_year
        Share of patients lost within a year, 0 to 0.9; the time of dropout is exponential.
    dropout_hazard
        What makes patients leave sooner: pain, lack of effect, the arm; left out, nothing does.
    missing_visits
        Single visits that patients miss, or none.
    rescue
        Rescue tablets, or crossing over to surgery, or none.
    imputation
        A sensitivity analysis of the one trial that the report shows, or none.
    minimal_important_change
        Points of the endpoint that matter to a patient; drawn in figures, used by no test. Says which decision of a
        trial would be right.
    costs
        Unit costs, or none.
    safety
        Follow-up of harms, rates that the trial should see or exclude, and a boundary for harm; or none.
    multi_arm
        Several arms against one control, some of which looks drop, tested together; or none.
    multiplicity
        How the comparisons of a trial without interim looks share one alpha; left out, each has its own.
    reestimation
        A size that is estimated anew on the way; left out, it stays.
    dose_finding
        Whether the effect goes with the dose, and which dose is enough; or none.
    time_trend
        How patients who are enrolled later fare otherwise in every arm alike; left out, they do not.
    response_adaptive
        How the probabilities of assignment follow from what has been observed; left out, they do not.
    platform
        Arms that enter and leave beside a control that stays; left out, all arms are open from first to last.
    factorial
        Two factors, of which the four arms are made, compared at their margins; or none.
    borrowing
        What is believed of the control's mean before the trial, for an analysis that stands beside the planned one; or
        none.
    enrichment
        A subgroup that is tested with the full population, and that looks may select; or none.
    """

    model_config = _STRICT

    arms: dict[str, Protocol]
    n_total: Annotated[int, Field(ge=4, le=1_000_000)] | None = None
    n_per_arm: Annotated[int, Field(ge=2, le=1_000_000)] | None = None
    allocation: dict[str, Annotated[int, Field(ge=1, le=100)]] | None = None
    visits_months: tuple[_Months, ...]
    visit_window_days: Annotated[float, Field(ge=0, le=60)] = 0.0
    endpoint: Endpoint
    comparisons: tuple[Comparison, ...] = ()
    analysis: Analysis = Analysis.ANCOVA
    estimand: Estimand = Estimand()
    small_sample: SmallSample = SmallSample.SATTERTHWAITE
    sides: Sides = Sides.TWO
    alpha: Annotated[float, Field(ge=0.001, le=0.2)] = Field(default_factory=_alpha_left_out)
    looks: Looks = Looks()
    accrual: Accrual | None = None
    randomisation: Randomisation = Randomisation()
    adjust_for: tuple[str, ...] = ()
    dropout_per_year: Annotated[float, Field(ge=0, le=0.9)] = 0.0
    dropout_hazard: DropoutHazard | None = None
    missing_visits: MissingVisits | None = None
    rescue: Rescue | None = None
    imputation: Imputation | None = None
    minimal_important_change: Annotated[float, Field(gt=0, le=100)] | None = None
    costs: Costs | None = None
    safety: Safety | None = None
    multi_arm: MultiArm | None = None
    multiplicity: Multiplicity | None = None
    reestimation: Reestimation | None = None
    dose_finding: DoseFinding | None = None
    time_trend: TimeTrend | None = None
    response_adaptive: ResponseAdaptive | None = None
    platform: Platform | None = None
    factorial: Factorial | None = None
    borrowing: Borrowing | None = None
    enrichment: Enrichment | None = None

    @field_validator("allocation", mode="before")
    @classmethod
    def _is_a_ratio(cls, allocation: Any) -> Any:
        """Find shares: a ratio of whole numbers needs no sum, shares may miss theirs."""
        if isinstance(allocation, dict):
            shares = [value for value in allocation.values() if isinstance(value, float) and value != int(value)]
            if shares and all(isinstance(value, int | float) for value in allocation.values()):
                found = f"holds shares, which sum to {sum(allocation.values()):g}"
                raise ValueError(f"{found}; a ratio of whole numbers, 1 to 100; write 3 and 2 for 0.6 and 0.4")
        return allocation

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        problems = design_problems(self)
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def size(self) -> int:
        """Patients randomised in all."""
        return self.n_total if self.n_total is not None else (self.n_per_arm or 0) * len(self.arms)

    @property
    def most_patients(self) -> int:
        """Eligible patients at most: more than `size` where it is estimated anew, or some may be turned away."""
        if self.enrichment is not None and self.looks.information:
            return self.enrichment.eligible_at_most(self.size)
        return self.size if self.reestimation is None else self.reestimation.most

    @property
    def ratio(self) -> dict[str, int]:
        """Allocation ratio in lowest terms, in the order of the arms."""
        given = self.allocation or {arm: 1 for arm in self.arms}
        divisor = gcd(*given.values())
        return {arm: given[arm] // divisor for arm in self.arms}

    @property
    def is_assigned_in_course(self) -> bool:
        """Whether who gets which arm follows from the trial's own course."""
        return self.response_adaptive is not None or self.platform is not None

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return 1 if self.accrual is None else self.accrual.n_sites

    def expected_sizes(self) -> dict[str, float]:
        """Return each arm's expected number of patients: by the ratio, or by the plan of a platform."""
        if self.platform is not None:
            return dict(platform_plan(self).sizes)
        whole = sum(self.ratio.values())
        return {arm: self.size * share / whole for arm, share in self.ratio.items()}

    def share_staying(self, month: float) -> float:
        """Return the expected share of patients who are still there after some months, by `dropout_per_year` alone."""
        return float((1 - self.dropout_per_year) ** (month / 12))

    def share_seen(self, month: float) -> float:
        """Return the expected share of patients who are seen at a visit, ratios by score and arm left aside."""
        missed = 0.0 if self.missing_visits is None else self.missing_visits.probability
        return self.share_staying(month) * (1 - missed)

    @property
    def benefit_sign(self) -> int:
        """1 where an effect above 0 favours the first arm of a comparison, -1 where one below 0 does."""
        is_difference = self.estimand.summary_measure is SummaryMeasure.DIFFERENCE_IN_MEANS
        return -1 if is_difference and self.endpoint.lower_is_better else 1

    @property
    def is_family(self) -> bool:
        """Whether several hypotheses are tested together, with one error for all of them."""
        return self.multi_arm is not None or self.multiplicity is not None or self.enrichment is not None

    def hypotheses(self) -> tuple[str, ...]:
        """Return what is tested, by name: the comparisons, and the one in a subgroup after them."""
        return population_names(self)

    def expected_endpoints(self) -> dict[str, float]:
        """Return the number of patients of each arm whose endpoint the plan expects to observe, rescue left aside."""
        keeps_all = self.endpoint.missing is Missing.NON_RESPONDER
        share = 1.0 if keeps_all else self.share_seen(self.endpoint.month)
        return {arm: size * share for arm, size in self.expected_sizes().items()}

    def deciding_arms(self) -> tuple[str, ...]:
        """Return the arms by whose endpoints looks are placed: of the deciding comparison, or all with `multi_arm`."""
        if self.multi_arm is not None:
            return tuple(self.arms)
        deciding = self.looks.deciding or self.compared()[0]
        return deciding.arm, deciding.control

    def look_endpoints(self) -> tuple[int, ...]:
        """Return how many observed endpoints of the arms that decide each interim look waits for."""
        expected = self.expected_endpoints()
        planned = sum(expected[arm] for arm in self.deciding_arms())
        return tuple(max(1, ceil(share * planned - 1e-9)) for share in self.looks.information)

    def bounds(self) -> GroupSequentialDesign:
        """Return the planned bounds of each comparison; a fixed design has one look."""
        return planned_bounds(self.looks, self.alpha, self.sides)

    @property
    def level(self) -> float:
        """Coverage of the intervals that belong to `alpha`."""
        return 1 - 2 * self.bounds().rules.alpha_of_a_side

    def compared(self) -> tuple[Comparison, ...]:
        """Return the comparisons, also where the design leaves them out."""
        if self.comparisons:
            return self.comparisons
        cells = [arm for arm, protocol in self.arms.items() if protocol.is_cell_therapy]
        controls = [arm for arm in self.arms if arm not in cells]
        if cells and controls:
            return tuple(Comparison(arm=arm, control=control) for arm in cells for control in controls)
        first, *others = self.arms
        return tuple(Comparison(arm=arm, control=first) for arm in others)
