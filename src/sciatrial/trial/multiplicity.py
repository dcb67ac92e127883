"""Several comparisons of a trial that is analysed once: with one error for all of them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from sciatrial.foundation import TrialError
from sciatrial.statistics import (
    Adjustment,
    AlphaGraph,
    Sides,
    adjusted_p_values,
    fallback_graph,
    fixed_sequence_graph,
    graph_adjusted_p_values,
)
from sciatrial.trial.aims import Analysis
from sciatrial.trial.multi_arm import family_problems

if TYPE_CHECKING:
    from sciatrial.trial.design import Design

_Share = Annotated[float, Field(ge=0, le=1)]


class MultiplicityMethod(StrEnum):
    """How several comparisons share alpha; see `Multiplicity`."""

    BONFERRONI = "bonferroni"
    HOLM = "holm"
    HOCHBERG = "hochberg"
    HOMMEL = "hommel"
    FIXED_SEQUENCE = "fixed_sequence"
    FALLBACK = "fallback"
    GRAPH = "graph"
    DUNNETT = "dunnett"


class Multiplicity(BaseModel):
    """One error for all comparisons of a trial without interim looks (with looks: `[trial.multi_arm]`).

    A comparison is shown when its adjusted p value is at most `alpha`, which then is the error of all comparisons
    together. Estimates and intervals stay those of each comparison alone.

    Parameters
    ----------
    method
        ``bonferroni``, ``holm``, ``fixed_sequence`` (in the order of the comparisons, each at full alpha up to the
        first that is not shown), ``fallback`` and ``graph`` hold under any dependence of the comparisons; ``hochberg``
        and ``hommel`` for one-sided tests of several arms against one control, or of one arm against several;
        ``dunnett`` is the closed test of arms against one control by their correlation: one-sided, ``ancova``.
    weights
        ``fallback`` and ``graph`` only: share of alpha of each comparison in their order, above 0 and at most 1 in all.
    transitions
        ``graph`` only: for each comparison, the share of its alpha that each other one gets once it is shown.

    Source
    ------
    Bretz and others (2009), Statistics in Medicine 28, 586-604. Dunnett and Tamhane (1991), Statistics in Medicine 10,
    939-947.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    method: MultiplicityMethod
    weights: tuple[_Share, ...] = ()
    transitions: tuple[tuple[_Share, ...], ...] = ()

    def problems(self, design: Design) -> list[str]:
        """Return what does not fit the design, as ``key: found; expected; next``."""
        key, found = "multiplicity", []
        n = len(design.compared()) if len(design.arms) > 1 else 0
        if n < 2:
            found.append(f"{key}: there is {n} comparison; two or more; add one, or leave {key} out")
        if design.looks.information:
            told = "there are interim looks, of which each comparison has bounds of its own; none"
            found.append(f"{key}: {told}; delete looks.information, or use [trial.multi_arm]")
        if self.method is MultiplicityMethod.DUNNETT:
            found += family_problems(key, design)
            if design.analysis is not Analysis.ANCOVA:
                told = f"dunnett knows how comparisons correlate in an ancova; {design.analysis} is none"
                found.append(f"{key}.method: {told}; choose another method, or the ancova")
        if self.method in (MultiplicityMethod.HOCHBERG, MultiplicityMethod.HOMMEL):
            found += self._dependence_problems(design)
        return [*found, *self._graph_problems(n)]

    def _dependence_problems(self, design: Design) -> list[str]:
        """Find comparisons that do not depend on one another as Simes' test needs it."""
        key, found = "multiplicity.method", []
        if design.sides is not Sides.ONE:
            told = f"{self.method} holds alpha for one-sided tests; {design.sides}"
            found.append(f"{key}: {told}; choose holm, or one_sided")
        compared = design.compared() if len(design.arms) > 1 else ()
        arms, controls = ({getattr(item, role) for item in compared} for role in ("arm", "control"))
        if min(len(arms), len(controls)) > 1:
            told = (
                f"{self.method} with {len(arms)} arms and {len(controls)} controls, whose comparisons may oppose each"
            )
            found.append(f"{key}: {told} other; comparisons that share one control, or one arm; choose holm, or those")
        return found

    def _graph_problems(self, n: int) -> list[str]:
        method, found = self.method, []
        has_weights = method in (MultiplicityMethod.FALLBACK, MultiplicityMethod.GRAPH)
        for name, belongs in (("weights", has_weights), ("transitions", method is MultiplicityMethod.GRAPH)):
            values = getattr(self, name)
            if values and not belongs:
                found.append(f"multiplicity.{name}: has no meaning with {method}; no such line; delete it")
            if belongs and len(values) != n:
                told = f"{len(values)} for {n} comparisons; one for each; write them in the order of the comparisons"
                found.append(f"multiplicity.{name}: {told}")
        if found or not has_weights:
            return found
        try:
            self._graph(n)
        except TrialError as error:
            return [f"multiplicity.{item.where}: {item.found}; {item.expected}; correct it" for item in error.problems]
        return []

    def _graph(self, n: int) -> AlphaGraph:
        if self.method is MultiplicityMethod.GRAPH:
            return AlphaGraph(self.weights, self.transitions)
        if self.method is MultiplicityMethod.FALLBACK:
            return fallback_graph(self.weights)
        return fixed_sequence_graph(n)

    def adjusted(self, p_values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return adjusted p values; dims ``…, comparison`` as given, NaN stays. Not for ``dunnett``."""
        if self.method in tuple(Adjustment):
            return adjusted_p_values(p_values, Adjustment(self.method))
        return graph_adjusted_p_values(p_values, self._graph(p_values.shape[-1]))
