"""What a sensitivity analysis supposes of visits that nobody saw: settings of the study file."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from sciatrial.statistics import ReferenceRule
from sciatrial.trial.aims import EndpointMeasure, Strategy

_ALLOWED = (Strategy.TREATMENT_POLICY, Strategy.HYPOTHETICAL)


class Imputation(BaseModel):
    """A sensitivity analysis of the one trial that the report shows: missing visits filled several times over.

    Parameters
    ----------
    rules
        What values after a patient's last visit are like: ``jump_to_reference``, ``copy_increments_in_reference``,
        ``copy_reference``, ``last_mean_carried_forward`` or ``missing_at_random``; the control is the reference.
    n_imputations
        2 to 1000.
    largest_delta
        Points by which filled values of the first arm are made worse, at most, in search of the delta at which a
        finding tips over.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    rules: tuple[ReferenceRule, ...] = (ReferenceRule.JUMP_TO_REFERENCE, ReferenceRule.COPY_INCREMENTS_IN_REFERENCE)
    n_imputations: Annotated[int, Field(ge=2, le=1000)] = 50
    largest_delta: Annotated[float, Field(gt=0, le=100)] = 40.0

    def problems(self, endpoint: EndpointMeasure, strategy: Strategy) -> list[str]:
        """Return why there is nothing to impute, as ``key: found; expected; next``."""
        problems = []
        if not self.rules:
            problems.append("imputation.rules: is empty; one rule or more; add one, or delete imputation")
        if endpoint is not EndpointMeasure.CHANGE_FROM_BASELINE:
            told = f"fills scores, and the endpoint is a {endpoint.replace('_', ' ')}; change_from_baseline; delete it"
            problems.append(f"imputation: {told}")
        if strategy not in _ALLOWED:
            told = f"says nothing of a {strategy.replace('_', ' ')} estimand; {' or '.join(_ALLOWED)}; delete it"
            problems.append(f"imputation: {told}")
        return problems
