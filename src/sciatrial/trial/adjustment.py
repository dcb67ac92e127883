"""What does not fit in `adjust_for`, each as ``key: found; expected; next``."""

from __future__ import annotations

from collections import Counter
from math import prod
from typing import TYPE_CHECKING

from sciatrial.trial.aims import Analysis
from sciatrial.trial.factors import factor_of, word_problems

if TYPE_CHECKING:
    from sciatrial.trial.design import Design


def adjustment_problems(design: Design) -> list[str]:
    """Return what an analysis cannot adjust for."""
    words, outcome = design.adjust_for, str(design.endpoint.outcome)
    has_strata = design.analysis is Analysis.RESPONDERS
    problems = word_problems("adjust_for", words, n_sites=design.n_sites, may_be_numbers=not has_strata)
    if outcome in words and not has_strata:
        told = f"{outcome} is the baseline of the endpoint, which is there anyway; others; leave it out"
        problems.append(f"adjust_for.{words.index(outcome)}: {told}")
    if words and design.analysis is Analysis.WIN_STATISTICS:
        told = (
            f"{design.analysis} compares patients without regard to anything else; an analysis with a model or strata"
        )
        problems.append(f"adjust_for: {told}; leave it out, or choose another analysis")
    if has_strata and not problems:
        n_strata = _n_strata(words, design.n_sites)
        if 2 * n_strata > max(design.size, 2):
            told = f"makes {n_strata} strata of {design.size} patients; two patients or more in each"
            problems.append(f"adjust_for: {told}; leave a factor out, or choose a logistic analysis")
    return problems


def _n_strata(words: tuple[str, ...], n_sites: int) -> int:
    """Return how many strata the words make; several cuts of one number are levels of one factor."""
    factors = [factor for factor in map(factor_of, words) if factor is not None]
    cuts = Counter(factor.name for factor in factors if factor.is_cut)
    others = prod(factor.levels(n_sites) for factor in factors if not factor.is_cut)
    return others * prod(number + 1 for number in cuts.values())
