"""``[trial.borrowing]``: what is believed of the control's mean before the trial, and how far."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from sciatrial.foundation import Score
from sciatrial.statistics import NormalMixture, information_size
from sciatrial.trial.aims import Analysis, EndpointMeasure, Strategy

if TYPE_CHECKING:
    from sciatrial.trial.design import Design

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
_Sd = Annotated[float, Field(ge=0.001, le=1000)]
_ANALYSES = (Analysis.ANCOVA, Analysis.MMRM)
_STRATEGIES = (Strategy.TREATMENT_POLICY, Strategy.HYPOTHETICAL, Strategy.WHILE_ON_TREATMENT)
_MOST_COMPONENTS = 8
_SUM = 1e-6
COMPATIBLE = "compatible"
# what the tables hold as changes in the endpoint's own unit
_IN_TABLES = (Score.LEG_PAIN, Score.BACK_PAIN, Score.DISABILITY, Score.NUMBNESS)
_OF_THE_TABLES = ("between_trial_sd", "studies", "window_months")


def _word_or_ids(value: Any) -> Any:
    """Find anything else, before a union tells what each of its members expected."""
    is_list = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
    if value != COMPATIBLE and not is_list:
        raise ValueError(f'is {value!r}; "{COMPATIBLE}", or ids of studies in [ ]; correct the value')
    return tuple(value) if is_list else value


class SharedEvidence(StrEnum):
    """Whether a study may be both in the prior and among those that the model's numbers were fitted to.

    ``split``: only studies that the fit did not use make the prior. ``shared``: all of them do, and simulated trials
    then count their evidence twice, which the report says, naming them.
    """

    SPLIT = "split"
    SHARED = "shared"


class PriorPart(BaseModel):
    """One normal of a prior that the study gives itself.

    Parameters
    ----------
    weight
        Above 0 to 1; the weights of all parts sum to 1.
    mean
        Of the control's change from baseline at the endpoint, in the unit of the endpoint; below 0 where a score falls.
    sd
        0.001 to 1000.
    """

    model_config = _STRICT

    weight: Annotated[float, Field(gt=0, le=1)]
    mean: Annotated[float, Field(ge=-1000, le=1000)]
    sd: _Sd


class Borrowing(BaseModel):
    """What is believed of the control's mean before the trial: a robust mixture prior.

    The informative part comes from published control arms (`evidence`), or from the study itself (`prior`); the vague
    part lies about the same mean. A benefit is shown where its posterior probability is above 1 − the error in that
    direction: 1 − `alpha` of a one-sided trial, 1 − `alpha` / 2 of a two-sided one.

    Parameters
    ----------
    arm
        The control that every comparison is with.
    evidence
        Take published control arms, ``split`` or ``shared``; see `SharedEvidence`. Not beside `prior`.
    studies
        ``compatible``: studies whose control arm and patients are like the trial's; or the ids of studies, which are
        then taken although route or patients differ.
    window_months
        How far from the endpoint's month a published visit may lie, 0 to 12.
    between_trial_sd
        Scale of the half-normal distribution of the standard deviation between trials' true means, in points: an
        assumption that decides most where studies are few, 0.001 to 1000. 95 % of it lie below twice the scale.
    prior
        Instead of published arms: one to eight normals.
    robust_weight
        Weight of the vague part, 0 to 1; 1 borrows nothing.
    robust_sd
        Standard deviation of the vague part, by which it says no more than the informative one; left out,
        `patient_sd`: the information of one patient.
    patient_sd
        Standard deviation between patients of the change, by which effective sizes are counted; left out, that of the
        published arms. Needed beside `prior`.

    Source
    ------
    Schmidli and others (2014), Biometrics 70, 1023-1032 (robust meta-analytic-predictive priors).
    """

    model_config = _STRICT

    arm: str
    evidence: SharedEvidence | None = None
    studies: Annotated[Literal["compatible"] | tuple[str, ...], BeforeValidator(_word_or_ids)] = COMPATIBLE
    window_months: Annotated[float, Field(ge=0, le=12)] = 1.0
    between_trial_sd: _Sd = 10.0
    prior: tuple[PriorPart, ...] = ()
    robust_weight: Annotated[float, Field(ge=0, le=1)] = 0.2
    robust_sd: _Sd | None = None
    patient_sd: _Sd | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        found = []
        if self.prior and self.evidence is not None:
            found.append("evidence: stands beside prior; one of the two; delete one of them")
        if not self.prior and self.evidence is None:
            expected = '"split", "shared", or prior = [ … ] of your own'
            found.append(f'evidence: is missing; {expected}; write evidence = "split"')
        if self.prior:
            if len(self.prior) > _MOST_COMPONENTS:
                found.append(f"prior: {len(self.prior)} parts; one to {_MOST_COMPONENTS}; leave some out")
            if abs(sum(part.weight for part in self.prior) - 1) > _SUM:
                told = f"weights sum to {sum(part.weight for part in self.prior):g}"
                found.append(f"prior: {told}; 1; divide each by their sum")
            if self.patient_sd is None:
                told = "is missing; the standard deviation between patients, which no published arm tells here"
                found.append(f"patient_sd: {told}; add it")
            found += [
                f"{name}: belongs to published arms; no such line beside prior; delete it"
                for name in _OF_THE_TABLES
                if name in self.model_fields_set and getattr(self, name) != type(self).model_fields[name].default
            ]
        if self.studies == ():
            found.append('studies: is empty; ids of studies, or "compatible"; name one')
        if isinstance(self.studies, tuple) and len(set(self.studies)) < len(self.studies):
            found.append("studies: a study is listed twice; each once; leave one out")
        if self.prior and not found:
            weights, means, sds = zip(*((part.weight, part.mean, part.sd) for part in self.prior), strict=True)
            informative = NormalMixture(tuple(weight / sum(weights) for weight in weights), means, sds)
            if why := self.why_not_vague(informative, self.patient_sd or np.nan):
                found.append(f"robust_sd: {why}")
        if found:
            raise ValueError("\n".join(found))
        return self

    def why_not_vague(self, informative: NormalMixture, patient_sd: float) -> str:
        """Return ``found; expected; next`` where the vague part says more than the informative one, else nothing.

        Parameters
        ----------
        informative
            What is borrowed.
        patient_sd
            Between patients, above 0: the standard deviation of the vague part where the study gives none.
        """
        least, sd = information_size(informative, 1.0) ** -0.5, self.robust_sd or patient_sd
        if self.robust_weight == 0 or sd >= least:
            return ""
        told = f"{sd:.4g} makes the vague part say more than the informative one"
        return f"{told}; {np.ceil(1000 * least) / 1000:g} or more; raise it, or write robust_weight = 0"

    def problems(self, design: Design) -> list[str]:
        """Return what does not fit the trial, as ``key: found; expected; next``."""
        key, found = "borrowing", []
        if self.arm not in design.arms:
            found.append(f"{key}.arm: {self.arm!r} is not an arm; one of {', '.join(design.arms)}; correct it")
        elif design.arms[self.arm].is_cell_therapy:
            found.append(f"{key}.arm: {self.arm} receives cells; an arm without; choose the control")
        else:
            others = [item.name for item in design.compared() if item.control != self.arm]
            if others:
                told = f"{', '.join(others)} not with {self.arm}, for which {key} has a prior; comparisons with it"
                found.append(f"comparisons: {told}; leave them out")
        if design.analysis not in _ANALYSES or design.endpoint.measure is not EndpointMeasure.CHANGE_FROM_BASELINE:
            told = f"{design.analysis} of a {design.endpoint.measure.replace('_', ' ')} with {key}"
            expected = "ancova or mmrm of a change from baseline"
            found.append(f'analysis: {told}; {expected}; write analysis = "ancova", or leave {key} out')
        if design.estimand.rescue not in _STRATEGIES:
            told = f"{design.estimand.rescue} with {key}, whose prior is of plain means"
            found.append(f"estimand.rescue: {told}; {', '.join(_STRATEGIES)}; choose one, or leave {key} out")
        if design.looks.information:
            told = f"has interim looks, and {key} is analysed once, at the end; none; delete it, or leave {key} out"
            found.append(f"looks.information: {told}")
        if self.evidence is not None and design.endpoint.outcome not in _IN_TABLES:
            told = f"takes published arms, and the tables hold no changes of {design.endpoint.outcome}"
            found.append(f"{key}.evidence: {told}; {', '.join(_IN_TABLES)}, or prior = [ … ]; give a prior")
        return found
