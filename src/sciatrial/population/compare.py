"""Published numbers beside those of virtual patients, draw by draw, and how diverse the patients are.

Draws are never weighted, only the patients within each: what a calibration believes is not changed to make people look
right. What does not match is listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.foundation import CohortError, Problem, Progress, Record, Score, SolverError, derived_seed, silent
from sciatrial.population.diversity import distinct_patients, spread_of_traits
from sciatrial.population.plausibility import (
    LEAST_EFFECTIVE,
    Target,
    Use,
    cohorts_of,
    effective_share,
    measure,
    plausibility_weights,
    read_targets,
)
from sciatrial.population.sample import Patients, sample_patients, varied_traits

if TYPE_CHECKING:
    import pandas as pd

    from sciatrial.evidence import Evidence
    from sciatrial.model import Model
    from sciatrial.parameters import Draws

_LEAST_REACHED = 0.5  # of the draws; a match of the few that can be weighted would be a choice
_LEAST_ELIGIBLE = 0.01
_FEWEST = 50
# what is seen of everybody, and the row that says which difference matters to a patient
_SEEN = {
    Score.LEG_PAIN: "MIC_consensus_VAS",
    Score.BACK_PAIN: "MIC_consensus_VAS",
    Score.DISABILITY: "MIC_consensus_ODI",
}


@dataclass(frozen=True, repr=False)
class PopulationCheck(Record):
    """Published numbers beside those of virtual patients, before and after weighting.

    ``targets`` has one row a target: ``fact, cohort, statistic, of, beside, use``; ``at_least, below`` of a share;
    ``is_set_by_cohort`` (the cohort takes the number from that very row); ``published`` and ``distance``; ``equal``
    with ``equal_low, equal_high`` of patients who all count alike, ``weighted`` with ``weighted_low, weighted_high``:
    medians and 90 % intervals over draws, in the unit of the target; ``matches_equal`` and ``matches``: whether the
    median lies within the distance, and for ``matches`` also whether half of the draws or more can be weighted;
    ``reason, why``.

    ``cohorts`` has one row a group: ``draws``; ``not_enrolled`` and ``not_reached``, draws in which too few qualify
    or no weights meet the targets; and, over the other draws, medians of ``effective_share`` (with a 90 % interval), of
    ``distinct_patients`` and of the mean ``trait_spread``, each for ``_equal`` and ``_weighted``; ``narrowest_trait``,
    which the weights pin down most, and the share of its spread that they leave.
    """

    targets: pd.DataFrame
    cohorts: pd.DataFrame
    n_patients: int
    n_draws: int
    seed: int

    @property
    def misses(self) -> pd.DataFrame:
        """The targets that weighted patients do not match."""
        return self.targets.loc[~self.targets["matches"].to_numpy(dtype=bool)]

    def table(self) -> pd.DataFrame:
        """Return the targets, one row each."""
        return self.targets

    def __repr__(self) -> str:
        held = self.targets["matches"].to_numpy(dtype=bool)[(self.targets["use"] == Use.CHECK).to_numpy()]
        missed = ", ".join(f"{row['fact']} ({row['statistic']})" for row in self.misses.to_dict("records"))
        return (
            f"PopulationCheck: {len(self.targets) - len(self.misses)} of {len(self.targets)} published numbers match, "
            f"{held.sum()} of the {len(held)} held back\n"
            f"  {self.n_draws} draws, {self.n_patients} patients of each of {len(self.cohorts)} groups\n"
            f"  missed: {missed or 'none'}"
        )


@dataclass(frozen=True)
class _Group:
    """A group in one draw: what it looks like, and how diverse it is; index 0 of patients alike, 1 weighted."""

    measured: NDArray[np.float64]  # (2, target)
    distinct: NDArray[np.float64]  # (2,)
    spread: NDArray[np.float64]  # (2, trait)
    traits: tuple[str, ...]
    effective_share: float


def population_check(
    model: Model,
    draws: Draws,
    evidence: Evidence,
    *,
    n_patients: int = 600,
    seed: int,
    n_draws: int = 60,
    targets: Sequence[Target] | None = None,
    least_effective_share: float = LEAST_EFFECTIVE,
    threads: int | None = None,
    progress: Progress = silent,
) -> PopulationCheck:
    """Compare virtual patients with published ones, draw by draw.

    Parameters
    ----------
    model, draws
        The equations, and draws of a prior or a posterior.
    evidence
        Tables with the facts.
    n_patients
        Of each group, 50 or more.
    seed
        Of the patients' luck; the same in every draw.
    n_draws
        How many of the draws are looked at, evenly spread; all where there are fewer.
    targets
        As `read_targets` returns them; None takes the shipped ones.
    least_effective_share
        As for `plausibility_weights`.

    Returns
    -------
    PopulationCheck
        The draws are never weighted, only the patients within each.

    Raises
    ------
    CohortError
        For too few patients or draws, or a faulty table of targets.
    """
    if n_patients < _FEWEST:
        raise CohortError("population check", Problem("n_patients", f"is {n_patients}", f"{_FEWEST} or more"))
    if n_draws < 1:
        raise CohortError("population check", Problem("n_draws", f"is {n_draws}", "1 or more"))
    targets = read_targets(evidence) if targets is None else tuple(targets)
    facts = dict(zip(evidence.facts["name"], evidence.facts["value"], strict=True))
    widths = np.array([facts[slug] for slug in _SEEN.values()])
    chosen = np.unique(np.linspace(0, len(draws.values) - 1, min(n_draws, len(draws.values))).round().astype(int))
    names = list(dict.fromkeys(target.cohort for target in targets))
    target_rows: dict[int, dict[str, Any]] = {}
    cohort_rows = []
    progress.start("groups of published patients", len(names) * len(chosen))
    for name in names:
        places = [place for place, target in enumerate(targets) if target.cohort == name]
        mine = [targets[place] for place in places]
        seen: list[_Group | None] = []
        for draw in chosen:
            parts = _sampled(model, draws, int(draw), name, n_patients, seed, threads)
            seen.append(_look(model, parts, mine, widths, least_effective_share) if parts else None)
            progress.advance()
        for column, place in enumerate(places):
            target_rows[place] = _target_row(targets[place], [group and group.measured[:, column] for group in seen])
        cohort_rows.append(_cohort_row(name, seen))
    progress.finish()

    import pandas as pd

    rows = [target_rows[place] for place in range(len(targets))]
    return PopulationCheck(pd.DataFrame(rows), pd.DataFrame(cohort_rows), n_patients, len(chosen), seed)


def _sampled(
    model: Model, draws: Draws, draw: int, name: str, n_patients: int, seed: int, threads: int | None
) -> tuple[Patients, ...]:
    """Return the parts of a group, each with people of its own; nothing where one of them cannot be enrolled."""
    cohorts = cohorts_of(name)
    sizes = [len(part) for part in np.array_split(np.arange(n_patients), len(cohorts))]
    try:
        return tuple(
            sample_patients(
                model, draws, cohort, n_patients=size, seed=derived_seed(seed, cohort.name), draw=draw,
                least_eligible_share=_LEAST_ELIGIBLE, threads=threads,
            )
            for cohort, size in zip(cohorts, sizes, strict=True)
        )  # fmt: skip
    except (CohortError, SolverError):
        return ()


def _look(
    model: Model,
    parts: Sequence[Patients],
    targets: Sequence[Target],
    widths: NDArray[np.float64],
    least_effective_share: float,
) -> _Group:
    import pandas as pd

    covariates = pd.concat([part.covariates for part in parts], ignore_index=True)
    luck = _luck(model, parts)
    traits = tuple(luck.columns)
    n = len(covariates)
    both = [np.full(n, 1 / n)]
    try:
        both.append(plausibility_weights(covariates, targets, least_effective_share=least_effective_share))
    except CohortError:
        both.append(np.full(n, np.nan))
    scores = covariates[[str(score) for score in _SEEN]].to_numpy(dtype=float)
    measured, distinct, spread = [], [], []
    for weights in both:
        if np.isnan(weights).any():
            measured.append(np.full(len(targets), np.nan))
            distinct.append(np.nan)
            spread.append(np.full(len(traits), np.nan))
            continue
        measured.append([measure(target, covariates, weights) for target in targets])
        distinct.append(distinct_patients(scores, widths, weights))
        spread.append(spread_of_traits(luck.to_numpy(dtype=float), weights))
    return _Group(np.array(measured), np.array(distinct), np.array(spread), traits, effective_share(both[1]))


def _luck(model: Model, parts: Sequence[Patients]) -> pd.DataFrame:
    """Return the luck of all parts; a trait is kept where it moves patients of every part."""
    import pandas as pd

    frames = [pd.DataFrame(varied_traits(model, part)) for part in parts]
    return pd.concat(frames, ignore_index=True, join="inner")


def _over_draws(values: Sequence[float] | NDArray) -> tuple[float, float, float]:
    """Return median and 90 % interval of those that are numbers."""
    found = np.asarray(values, dtype=float)
    found = found[~np.isnan(found)]
    if not len(found):
        return np.nan, np.nan, np.nan
    middle, low, high = np.quantile(found, [0.5, 0.05, 0.95])
    return float(middle), float(low), float(high)


def _target_row(target: Target, measured: Sequence[NDArray[np.float64] | None]) -> dict[str, Any]:
    known = [values for values in measured if values is not None]
    equal, weighted = np.array(known).T if known else (np.zeros(0), np.zeros(0))
    reached = np.count_nonzero(~np.isnan(weighted)) / len(measured)
    row: dict[str, Any] = {
        **{name: str(getattr(target, name)) for name in ("fact", "cohort", "statistic", "of", "beside", "use")},
        **{name: _or_nan(getattr(target, name)) for name in ("at_least", "below")},
        "is_set_by_cohort": _is_set_by_cohort(target),
        "published": target.published,
        "distance": target.distance,
    }
    for word, values in (("equal", equal), ("weighted", weighted)):
        row[word], row[f"{word}_low"], row[f"{word}_high"] = _over_draws(values)
    row["matches_equal"] = bool(abs(row["equal"] - target.published) <= target.distance)
    row["matches"] = bool(abs(row["weighted"] - target.published) <= target.distance and reached >= _LEAST_REACHED)
    return {**row, "reason": target.reason, "why": target.why}


def _or_nan(limit: float | None) -> float:
    return np.nan if limit is None else limit


def _is_set_by_cohort(target: Target) -> bool:
    """Return whether the cohort was given this number, so that a match says nothing of the model."""
    return target.of in ("age_years", "is_female") and any(
        target.fact in cohort.sources for cohort in cohorts_of(target.cohort)
    )


def _cohort_row(name: str, seen: Sequence[_Group | None]) -> dict[str, Any]:
    known = [group for group in seen if group is not None]
    reached = [group for group in known if not np.isnan(group.effective_share)]
    share = _over_draws([group.effective_share for group in reached])
    row: dict[str, Any] = {
        "cohort": name,
        "draws": len(seen),
        "not_enrolled": len(seen) - len(known),
        "not_reached": len(known) - len(reached),
        **dict(zip(("effective_share", "effective_share_low", "effective_share_high"), share, strict=True)),
    }
    for place, word in enumerate(("equal", "weighted")):
        row[f"distinct_patients_{word}"] = _over_draws([group.distinct[place] for group in reached])[0]
        row[f"trait_spread_{word}"] = _over_draws([group.spread[place].mean() for group in reached])[0]
    left: dict[str, list[float]] = {}
    for group in reached:
        for trait, equal, weighted in zip(group.traits, *group.spread, strict=True):
            left.setdefault(trait, []).append(weighted / equal)
    # what only some draws have moves nobody before entry: effects of cells
    middle = {trait: _over_draws(values)[0] for trait, values in left.items() if len(values) == len(reached)}
    row["narrowest_trait"] = min(middle, key=lambda trait: middle[trait]) if middle else ""
    row["narrowest_trait_left"] = middle.get(row["narrowest_trait"], np.nan)
    return row
