"""Evidence → posterior: runs of the simulator, an emulator, a sampler, and a second look where the posterior lies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sciatrial.calibration.arms import Arm
from sciatrial.calibration.arms_simulated import Plan, Sizes, plan_arms, usual_pain
from sciatrial.calibration.contrasts import uncontrolled_cells
from sciatrial.calibration.emulator import Emulator, Luck, fit_cell_effects, fit_emulator, luck_of
from sciatrial.calibration.ensemble import Runs, plan_parts, run_ensemble
from sciatrial.calibration.facts import FactTerms, fact_terms
from sciatrial.calibration.problem import Likelihood, Scales, fitted_scale, likelihood
from sciatrial.calibration.sampler import Chains, Sample, Task, sample_posteriors
from sciatrial.calibration.space import Space, prior_points, space_of
from sciatrial.calibration.terms import Terms, likelihood_terms
from sciatrial.evidence import Evidence
from sciatrial.foundation import (
    CalibrationError,
    Problem,
    Progress,
    derived_seed,
    fingerprint,
    silent,
)
from sciatrial.parameters import Prior

_LUCK_POINTS_FROM = 1_000_000  # far from the numbers of the points that are fitted
_SECOND_WAVE_SPREAD = 1.3
_SECOND_WAVE_WEIGHT = 4


@dataclass(frozen=True)
class Settings:
    """How much work a calibration does.

    Parameters
    ----------
    seed
        From 0; never taken from the clock.
    n_runs, n_second, n_cells
        Runs of the simulator at points of the prior, where the first posterior lies, and there for arms of cells alone;
        without the second there are none of the third.
    luck_points, luck_repeats
        Points that are run several times, to tell the luck of patients from the emulator's error, and how often.
    sizes
        Patients in a run.
    n_quadratic
        Inputs that enter the emulator by squares and products.
    chains
        Of the sampler.
    n_draws
        Draws of the reference posterior at which the simulator itself is asked what cells do; a third of it elsewhere.
    inclusion_probability
        Prior probability of each effect that may be absent, between 0 and 1.
    scales
        Priors of what is not in the prior table.
    """

    seed: int = 20261127
    n_runs: int = 1300
    n_second: int = 600
    n_cells: int = 1000
    luck_points: int = 20
    luck_repeats: int = 4
    sizes: Sizes = field(default_factory=Sizes)
    n_quadratic: int = 16
    chains: Chains = field(default_factory=Chains)
    n_draws: int = 900
    inclusion_probability: float = 0.5
    scales: Scales = field(default_factory=Scales)

    @staticmethod
    def quick(seed: int = 20261127) -> Settings:
        """Return settings for a look: the same path in some two minutes, with rough numbers."""
        return Settings(
            seed=seed, n_runs=260, n_second=0, n_cells=0, luck_points=6, luck_repeats=3, sizes=Sizes().times(0.3),
            n_quadratic=8,
            chains=Chains(n_chains=2, n_warmup=200, n_draws=200), n_draws=100,
        )  # fmt: skip


@dataclass(frozen=True)
class Calibration:
    """Everything between evidence and posterior that validation needs too.

    ``base`` emulates every number with cells that do nothing, ``cells`` what they change in the arms that receive them
    (in the order of `Plan.of_cells`). In ``problem`` cells act where something stands beside them; in ``single_arms``,
    a sensitivity analysis, everywhere.
    """

    terms: Terms
    facts: FactTerms
    space: Space
    plan: Plan
    base: Emulator
    cells: Emulator
    problem: Likelihood
    single_arms: Likelihood
    runs: Runs
    luck: Luck
    settings: Settings

    @property
    def is_alone(self) -> NDArray[np.bool_]:
        """Which numbers say nothing about what cells do: of cell arms without a concurrent control; dims ``number``."""
        alone = uncontrolled_cells(self.terms.rows)
        return np.pad(alone, (0, len(self.problem.observed) - len(alone)))

    @property
    def runs_fingerprint(self) -> str:
        """What tells these runs of the simulator, and what is believed of effects beforehand, from any others."""
        p = self.settings.inclusion_probability
        return fingerprint([self.runs.z, self.runs.values, self.luck.deviations, self.cells.coefficients, p])

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Which numbers count; dims ``number``.

        Not those of arms whose baseline no virtual patients reach, and of arms of cells that stand alone not those in a
        group of studies that has others: through what they share these would speak about cells.
        """
        arms = reached(self)
        refused = np.flatnonzero(arms["verdict"] == "refused")
        rows = self.terms.rows
        alone = uncontrolled_cells(rows)
        beside = set(rows.loc[rows["is_cells"].to_numpy(dtype=bool) & ~alone, "group"])
        out = np.isin(rows["arm"].to_numpy(), refused) | np.isin(rows["versus"].to_numpy(), refused)
        out |= alone & np.isin(rows["group"].to_numpy(dtype=str), list(beside))
        return ~np.pad(out, (0, len(self.problem.observed) - len(out)))

    def sample(
        self, *, workers: int, progress: Progress = silent, label: str = "chains", chains: Chains | None = None,
        inclusion: float | None = None, single_arms: bool = False,
    ) -> Sample:  # fmt: skip
        """Sample the reference posterior, or one with another probability of effects, or with single arms let in."""
        p = self.settings.inclusion_probability if inclusion is None else inclusion
        problem = self.single_arms if single_arms else self.problem
        task = Task(problem.observed, self.mask, derived_seed(self.settings.seed, "chains 0") % 2**31, p)
        (sample,) = sample_posteriors(
            problem, [task], chains or self.settings.chains, workers=workers, progress=progress, label=label
        )
        return sample


def first_wave(
    evidence: Evidence,
    prior: Prior,
    *,
    settings: Settings | None = None,
    folder: Path | None = None,
    workers: int = 1,
    progress: Progress = silent,
) -> Calibration:
    """Run the simulator over the prior and fit the emulator; nothing that a trial found is used but its baselines.

    Parameters
    ----------
    evidence, prior
        Checked tables, and the prior table.
    settings
        How much; None is a full calibration.
    folder
        Where finished runs are kept, so that an interrupted calibration goes on; None keeps nothing.
    workers
        Processes; they change the time, not the numbers.
    progress
        Told of runs; may ask to stop.

    Raises
    ------
    CalibrationError
        When the folder holds runs of another calibration, or too few runs succeeded.
    KeyboardInterrupt
        When `progress` asks to stop; what is finished is kept.
    """
    settings = settings or Settings()
    terms, facts, space = likelihood_terms(evidence), fact_terms(evidence), space_of(prior)
    plan = plan_arms(terms, facts)
    if folder is not None:
        _claim(folder, _stamp(plan, prior, settings))
    points = prior_points(
        space, first=0, count=settings.n_runs, seed=settings.seed, inclusion_probability=0.5
    )  # the emulator needs both sides of every indicator, whatever is believed of it
    how: dict[str, Any] = {"sizes": settings.sizes, "workers": workers, "progress": progress}
    luck_points: Any = tuple(
        np.repeat(part, settings.luck_repeats, axis=0)
        for part in prior_points(space, first=_LUCK_POINTS_FROM, count=settings.luck_points, seed=settings.seed)
    )
    luck_runs = run_ensemble(
        plan, space, luck_points, seed=derived_seed(settings.seed, "luck"), folder=_part(folder, "luck"),
        label="repeated runs", **how,
    )  # fmt: skip
    luck = luck_of(_scaled(luck_runs, plan), [settings.luck_repeats] * settings.luck_points)
    runs = _scaled(run_ensemble(
        plan, space, points, seed=derived_seed(settings.seed, "first wave"), folder=_part(folder, "first"),
        label="runs over the prior", **how,
    ), plan)  # fmt: skip
    return _calibration(plan, facts, space, runs, luck, settings)


def _calibration(
    plan: Plan,
    facts: FactTerms,
    space: Space,
    runs: Runs,
    luck: Luck,
    settings: Settings,
    weight: NDArray[np.float64] | None = None,
    more_cells: Runs | None = None,
) -> Calibration:
    """Emulate what runs gave, and lay out the likelihood; `more_cells` are differences of arms of cells alone."""
    terms = plan.terms
    cause = terms.rows["cause"].to_numpy(dtype=str)
    of_facts = facts.rows["cause"].to_numpy(dtype=str)
    base = fit_emulator(
        replace(runs, values=plan.idle(runs.values)), space, cause=np.concatenate([cause, of_facts]),
        luck=replace(luck, deviations=plan.idle(luck.deviations)), n_quadratic=settings.n_quadratic, weight=weight,
    )  # fmt: skip
    differences = _without_arms(replace(runs, values=plan.changed(runs.values)))
    heavy = np.ones(len(runs.z)) if weight is None else weight
    if more_cells is not None:
        differences = differences.joined(_without_arms(more_cells))
        heavy = np.concatenate([heavy, np.full(len(more_cells.z), heavy.max())])
    cells = fit_cell_effects(
        differences, space, cause=cause[plan.of_cells],
        luck=replace(luck, deviations=plan.changed(luck.deviations)), weight=heavy,
    )  # fmt: skip
    beside = ~uncontrolled_cells(terms.rows)[plan.of_cells]
    acting = base.plus(cells.of(beside), plan.of_cells[beside])
    everywhere = base.plus(cells, plan.of_cells)
    return Calibration(
        terms, facts, space, plan, base, cells, likelihood(terms, space, acting, settings.scales, facts),
        likelihood(terms, space, everywhere, settings.scales, facts, single_arms=True), runs, luck, settings,
    )  # fmt: skip


def _without_arms(runs: Runs) -> Runs:
    """Return runs without what is told of their arms, so that those of different arms can be joined."""
    nothing = np.empty((len(runs.z), 0))
    return replace(runs, effective_size=nothing, gap=nothing, months=nothing)


def sharpened(
    calibration: Calibration,
    sample: Sample,
    *,
    folder: Path | None = None,
    workers: int = 1,
    progress: Progress = silent,
) -> Calibration:
    """Run the simulator where a posterior lies, and fit the emulator again with both waves.

    The second wave moves the emulator's accuracy to where it is needed; the likelihood stays what it is.
    """
    settings, space, plan = calibration.settings, calibration.space, calibration.plan
    # no draw serves both: runs that are held out to measure an error must not be those that were fitted
    order = np.random.default_rng(derived_seed(settings.seed, "draws of waves")).permutation(sample.flat("z").shape[0])
    points = _points_around(calibration, sample, np.resize(order, settings.n_second), "second wave")
    how: dict[str, Any] = {"sizes": settings.sizes, "workers": workers, "progress": progress}
    more = run_ensemble(
        plan, space, points, seed=derived_seed(settings.seed, "second wave"), folder=_part(folder, "second"),
        label="runs at the posterior", **how,
    )  # fmt: skip
    # patients who fit the trials are fewer or more where the posterior lies, and their luck is another
    repeated: Any = tuple(np.repeat(part[: settings.luck_points], settings.luck_repeats, axis=0) for part in points)
    luck_runs = run_ensemble(
        plan, space, repeated, seed=derived_seed(settings.seed, "luck at the posterior"),
        folder=_part(folder, "second-luck"), label="repeated runs at the posterior", **how,
    )  # fmt: skip
    luck = luck_of(_scaled(luck_runs, plan), [settings.luck_repeats] * settings.luck_points)
    both = calibration.runs.joined(_scaled(more, plan))
    weight = np.concatenate([np.ones(len(calibration.runs.z)), np.full(len(more.z), float(_SECOND_WAVE_WEIGHT))])
    cells = None
    if settings.n_cells:
        terms = calibration.terms
        arms = plan_arms(terms.only(terms.rows["is_cells"].to_numpy(dtype=bool)), usual=usual_pain(terms))
        cells = _scaled(run_ensemble(
            arms, space,
            _points_around(
                calibration, sample, np.resize(np.roll(order, -settings.n_second), settings.n_cells),
                "cells at the posterior",
            ),
            seed=derived_seed(settings.seed, "cells at the posterior"), folder=_part(folder, "cells"),
            label="cells at the posterior", **how,
        ), arms)  # fmt: skip
        cells = replace(cells, values=arms.changed(cells.values))
    return _calibration(plan, calibration.facts, space, both, luck, settings, weight, cells)


def _points_around(
    calibration: Calibration, sample: Sample, chosen: NDArray[np.int64], purpose: str
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
    """Return points around draws of a posterior, as `prior_points` does around the prior."""
    space, count = calibration.space, len(chosen)
    z, present = sample.flat("z"), sample.flat("present")
    rng = np.random.default_rng(derived_seed(calibration.settings.seed, purpose))
    centre = z.mean(axis=0)
    points = centre + _SECOND_WAVE_SPREAD * (z[chosen] - centre)
    # indicators from the prior's half: a posterior that is sure of one would leave its other side unexplored
    flags = np.where(rng.random((count, present.shape[1])) < 0.5, present[chosen],
                     rng.random((count, present.shape[1])) < 0.5)  # fmt: skip
    is_shift = space.is_shift[: len(space.keys)]
    points[:, is_shift] = rng.standard_normal((count, int(is_shift.sum())))
    return points, flags, rng.standard_normal(count)


def _scaled(runs: Runs, plan: Plan) -> Runs:
    return replace(runs, values=fitted_scale(plan.is_share, runs.values))


def _part(folder: Path | None, name: str) -> Path | None:
    return None if folder is None else folder / name


def _stamp(plan: Plan, prior: Prior, settings: Settings) -> Mapping[str, Any]:
    """Return what decides the runs: another value of any of it makes other runs."""
    decisive = {name: value for name, value in asdict(settings).items() if name not in ("chains", "scales",
                "inclusion_probability", "n_quadratic", "n_second", "n_cells", "n_draws")}  # fmt: skip
    parts = [*plan_parts(plan), prior.rows.astype(str), _code(), decisive]
    return {"fingerprint": fingerprint(parts), "version": version("sciatrial"), "settings": decisive}


def _code() -> list[str]:
    """Return the text of all that a run computes with."""
    package = files("sciatrial")
    rooms = ("foundation", "model", "engine", "clinic", "population", "parameters")
    texts = [text for room in rooms for text in _texts(package.joinpath(room))]
    own = ("arms.py", "arms_simulated.py", "facts_simulated.py", "ensemble.py", "space.py")
    texts += [package.joinpath("calibration", name).read_text(encoding="utf-8") for name in own]
    return [*texts, package.joinpath("evidence", "responders.py").read_text(encoding="utf-8")]


def _texts(folder: Traversable) -> Iterator[str]:
    """Give the text of every program and table in a folder and those inside it."""
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            yield from _texts(entry)
        elif entry.name.endswith((".py", ".csv", ".toml")):
            yield entry.read_text(encoding="utf-8")


def _claim(folder: Path, stamp: Mapping[str, Any]) -> None:
    """Mark the folder as this calibration's, or find that it is."""
    path = folder / "calibration.json"
    if path.exists():
        held = json.loads(path.read_text(encoding="utf-8"))
        if any(held.get(word) != stamp[word] for word in ("fingerprint", "version")):
            what = Problem(
                "folder", "holds runs of another calibration",
                "runs of the same designs, prior, model, settings and version",
                "choose another folder, or remove this one",
            )  # fmt: skip
            raise CalibrationError(str(folder), [what])
        return
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(stamp, indent=1, default=str), encoding="utf-8")


def reached(calibration: Calibration) -> pd.DataFrame:
    """Return how well each arm can be made up of virtual patients.

    Returns
    -------
    pandas.DataFrame
        Columns ``study_id, arm_id, effective_size, gap, verdict``: medians over the runs of the weighted patients'
        effective number and of the distance to the printed baseline in points; ``few`` below 50 patients, ``refused``
        where the distance exceeds 5 points in most runs. ``months`` is the median of their mean duration of symptoms,
        beside what the study says of it: ``months_printed`` (a mean), ``months_from, months_to`` (whom it let in);
        ``months_agree`` is False where the first is not the printed mean, or not between the bounds.
    """
    runs, arms = calibration.runs, calibration.terms.arms
    size, gap = (np.median(values, axis=0) for values in (runs.effective_size, runs.gap))
    with np.errstate(invalid="ignore"):
        months = np.array([np.median(column[np.isfinite(column)]) for column in runs.months.T])
    verdict = np.where(gap > LARGEST_GAP, "refused", np.where(size < FEWEST_PATIENTS, "few", "good"))
    return pd.DataFrame(
        {
            "study_id": [arm.study_id for arm in arms],
            "arm_id": [arm.arm_id for arm in arms],
            "effective_size": size,
            "gap": gap,
            "verdict": verdict,
            "months": months,
            "months_printed": [arm.duration_months for arm in arms],
            "months_from": [arm.let_in.shortest for arm in arms],
            "months_to": [arm.let_in.longest for arm in arms],
            "months_agree": [_agrees(arm, enrolled) for arm, enrolled in zip(arms, months.tolist(), strict=True)],
        }
    ).astype({name: float for name in ("months_printed", "months_from", "months_to")})


def _agrees(arm: Arm, months: float) -> bool:
    """Return whether patients had symptoms as long, on average, as the study says of its own."""
    if arm.duration_months is not None:
        return bool(abs(np.log(months / arm.duration_months)) < _DURATION_SLACK)
    shortest, longest = arm.let_in.shortest or 0.0, arm.let_in.longest or np.inf
    return shortest <= months <= longest


_DURATION_SLACK = 0.05  # of a logarithm: nearer counts as the same
FEWEST_PATIENTS = 50.0
LARGEST_GAP = 5.0
