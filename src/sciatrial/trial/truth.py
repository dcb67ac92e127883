"""The true value of a trial's estimand: many more patients under the same draw, each simulated in every arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from sciatrial.foundation import CohortError, derived_seed
from sciatrial.model import Model
from sciatrial.parameters import Draws
from sciatrial.population import Cohort, Patients, sample_patients
from sciatrial.trial.aims import Strategy
from sciatrial.trial.conduct import Luck, conduct
from sciatrial.trial.conducted import Conducted
from sciatrial.trial.design import Design
from sciatrial.trial.margins import N_MARGINS
from sciatrial.trial.randomisation import Randomisation
from sciatrial.trial.time_trend import months_of_truth
from sciatrial.trial.unblinding import Unblinding
from sciatrial.trial.worlds import outcomes_by_world, population_value

# the Monte-Carlo error of a truth is at most this share of the trial's standard error, as far as the limits below allow
_SHARE_OF_ERROR = 0.1
_FIRST_PATIENTS = 100
# patients at most, or as many times those of the trial where that is more
_MOST_PATIENTS, _MOST_TIMES = 4_000, 10
# how often more patients are added: the spread that the first ones show may be too small
_ROUNDS = 3
# the spread is estimated from the first patients; a fifth more patients than it asks for cover its doubt
_MARGIN = 1.2


@dataclass(frozen=True)
class Truth:
    """The true value of each comparison's estimand, then of a factorial design's margins, and the patients behind it.

    Of a trial with a subgroup: in the full population, in the subgroup, and outside it.

    ``beside``: of a principal stratum, what depends on how a patient's two worlds share luck: name → one number a
    comparison; see `BESIDE`.
    """

    values: NDArray[np.float64]
    errors: NDArray[np.float64]
    n_patients: int
    beside: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    def first(self, n: int) -> Truth:
        """Return the truth of the first `n` comparisons."""
        beside = {name: values[:n] for name, values in self.beside.items()}
        return replace(self, values=self.values[:n], errors=self.errors[:n], beside=beside)


# the truth where a patient's two worlds share no luck, and the share of patients in the stratum either way
BESIDE = ("truth_independent_luck", "truth_independent_luck_error", "stratum", "stratum_independent_luck")


@dataclass(frozen=True)
class Sampled:
    """Where the patients of a truth come from: those of trial `trial`, whose draw is at `place` among the draws."""

    place: int
    trial: int
    seed: int  # of the trial


def true_values(
    model: Model,
    design: Design,
    draws: Draws,
    cohort: Cohort,
    sampled: Sequence[Sampled],
    standard_errors: NDArray[np.float64],
    *,
    least_eligible_share: float,
    unblinding: Unblinding | None = None,
    threads: int | None = None,
) -> list[Truth]:
    """Return the truth of each trial's estimand under the draw that it meets.

    Patients are independent of the trial's own, follow its visits, and are simulated in every arm with the same luck; a
    hypothetical estimand without rescue is simulated without rescue. One hundred patients tell the spread of the
    differences between a patient's worlds, and then as many are simulated as bring the error below a tenth of the
    trial's standard error: 4000 at most, or ten times the trial's. Who is in a principal stratum rests on that luck:
    its truth is simulated a second time with luck that the worlds do not share; see `Luck`. Under a
    time trend each patient has one of the trial's planned months of randomisation.

    Parameters
    ----------
    sampled
        One a trial.
    standard_errors
        Of the trials' estimates, NaN where there is none; dims ``trial, comparison``, margins last.
    least_eligible_share
        As in `sample_patients`.
    unblinding
        As in `conduct`: the truth is then of a world in which patients learn their arm.

    Returns
    -------
    list
        One `Truth` a trial; NaN where no further patients could be found.
    """
    world = world_of(design)

    def patients_of(item: Sampled, n: int) -> Patients | None:
        try:
            return sample_patients(
                model, draws, cohort, draw=item.place, n_patients=n, seed=derived_seed(item.seed, "truth"),
                least_eligible_share=least_eligible_share, threads=threads,
            )  # fmt: skip
        except CohortError:
            return None

    first = [patients_of(item, _FIRST_PATIENTS) for item in sampled]
    has_stratum = design.estimand.rescue is Strategy.PRINCIPAL_STRATUM
    found = {luck: [_nobody(design)] * len(sampled) for luck in (Luck if has_stratum else (Luck.SHARED,))}
    able = [place for place, patients in enumerate(first) if patients is not None]
    groups = [patients for patients in first if patients is not None]
    seeds = [derived_seed(sampled[place].seed, "truth") for place in able]
    months = [months_of_truth(design, group.numbers, seed) for group, seed in zip(groups, seeds, strict=True)]
    for luck, mine in found.items():
        worlds = conduct(
            model, world, groups, seeds, every_arm=True, luck=luck, unblinding=unblinding, months=months,
            threads=threads,
        )  # fmt: skip
        for place, trial in zip(able, worlds, strict=True):
            mine[place] = outcomes_by_world(design, trial)
    most = max(_MOST_PATIENTS, _MOST_TIMES * design.size)
    for place, seed in zip(able, seeds, strict=True):
        have = _FIRST_PATIENTS
        for _ in range(_ROUNDS):
            rough = [truth_of(design, mine[place]) for mine in found.values()]
            needed = min(most, max(_needed(truth, standard_errors[place], have) for truth in rough))
            more = patients_of(sampled[place], needed) if needed > have else None
            if more is None:
                break
            rest = more.only(slice(have, None))
            for luck, mine in found.items():
                trial = conduct(
                    model, world, [rest], [seed], every_arm=True, luck=luck, unblinding=unblinding,
                    months=[months_of_truth(design, rest.numbers, seed)], threads=threads,
                )[0]  # fmt: skip
                mine[place] = np.concatenate([mine[place], outcomes_by_world(design, trial)])
            have = needed
    truths = [truth_of(design, values) for values in found[Luck.SHARED]]
    if not has_stratum:
        return truths
    return [
        _beside(design, truth, shared, independent)
        for truth, shared, independent in zip(truths, found[Luck.SHARED], found[Luck.INDEPENDENT], strict=True)
    ]


def world_of(design: Design) -> Design:
    """Return the design under which the truth of its estimand is simulated: `always_seen`, and rescue as is asked."""
    without_rescue = {"rescue": None} if design.estimand.rescue is Strategy.HYPOTHETICAL else {}
    return always_seen(design).model_copy(update=without_rescue)


def always_seen(design: Design) -> Design:
    """Return a design in which everybody is in every arm and seen: nobody is randomised, comes to a site or leaves."""
    everybody = {
        "randomisation": Randomisation(), "accrual": None, "dropout_per_year": 0.0, "dropout_hazard": None,
        "missing_visits": None,
    }  # fmt: skip
    return design.model_copy(update=everybody)


def differences(design: Design, trial: Conducted) -> NDArray[np.float64]:
    """Return arm minus control at the endpoint within each patient; dims ``patient, comparison``.

    NaN where a patient could not be solved in one of the two, or is not in the principal stratum.
    """
    outcomes = outcomes_by_world(design, trial)[..., 0]
    return outcomes[:, :, 0] - outcomes[:, :, 1]


def _nobody(design: Design) -> NDArray[np.float64]:
    margins = N_MARGINS if design.factorial is not None else 2 if design.enrichment is not None else 0
    return np.empty((0, len(design.compared()) + margins, 2, 1))


def _needed(rough: Truth, standard_errors: NDArray[np.float64], have: int) -> int:
    """Return how many patients bring the error of every comparison below its share of the trial's.

    What more than the first patients say is exact enough as soon as it is; of the first, the spread itself is in doubt.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = rough.errors / (_SHARE_OF_ERROR * standard_errors)
    finite = ratio[np.isfinite(ratio)]
    if not len(finite) or (have > _FIRST_PATIENTS and finite.max() <= 1):
        return 0
    return ceil(_MARGIN * rough.n_patients * float(finite.max()) ** 2)


def truth_of(design: Design, outcomes: NDArray[np.float64]) -> Truth:
    """Return the value of the estimand over some patients; `outcomes` as of `outcomes_by_world`."""
    found = [population_value(design, outcomes[:, number]) for number in range(outcomes.shape[1])]
    values, errors = np.array(found, dtype=float).T
    return Truth(values, errors, len(outcomes))


def _beside(design: Design, truth: Truth, shared: NDArray[np.float64], independent: NDArray[np.float64]) -> Truth:
    """Return the truth of a principal stratum with what independent luck makes of it."""
    other = truth_of(design, independent)
    strata = [
        np.isfinite(item[..., 0]).all(axis=2).mean(axis=0) if len(item) else other.values
        for item in (shared, independent)
    ]
    return replace(truth, beside=dict(zip(BESIDE, (other.values, other.errors, *strata), strict=True)))
