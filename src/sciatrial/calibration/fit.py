"""Evidence → posterior: runs of the simulator, an emulator, a sampler, and a second look where the posterior lies."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sciatrial.calibration.arms_simulated import Plan, Sizes, plan_arms
from sciatrial.calibration.emulator import Emulator, fit_emulator, luck_of
from sciatrial.calibration.ensemble import Runs, run_ensemble
from sciatrial.calibration.facts import FactTerms, fact_terms
from sciatrial.calibration.problem import Likelihood, Scales, fitted_scale, likelihood
from sciatrial.calibration.questions import answers, with_questions
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
    n_runs, n_second
        Runs of the simulator at points of the prior, and where the first posterior lies.
    luck_points, luck_repeats
        Points that are run several times, to tell the luck of patients from the emulator's error, and how often.
    sizes
        Patients in a run.
    n_quadratic
        Inputs that enter the emulator by squares and products.
    chains
        Of the sampler.
    inclusion_probability
        Prior probability of each effect that may be absent, between 0 and 1.
    scales
        Priors of what is not in the prior table.
    """

    seed: int = 20261127
    n_runs: int = 1300
    n_second: int = 300
    luck_points: int = 20
    luck_repeats: int = 4
    sizes: Sizes = field(default_factory=Sizes)
    n_quadratic: int = 16
    chains: Chains = field(default_factory=Chains)
    inclusion_probability: float = 0.5
    scales: Scales = field(default_factory=Scales)

    @staticmethod
    def quick(seed: int = 20261127) -> Settings:
        """Return settings for a look: the same path in some two minutes, with rough numbers."""
        return Settings(
            seed=seed, n_runs=420, n_second=0, luck_points=6, luck_repeats=3, sizes=Sizes().times(0.5), n_quadratic=8,
            chains=Chains(n_chains=2, n_warmup=200, n_draws=200),
        )  # fmt: skip


@dataclass(frozen=True)
class Calibration:
    """Everything between evidence and posterior that validation needs too.

    ``emulator`` gives all numbers of a run, ``problem`` holds those that are observed; ``question_emulator`` gives the
    numbers of ``asked`` (see `with_questions`).
    """

    terms: Terms
    facts: FactTerms
    space: Space
    plan: Plan
    emulator: Emulator
    problem: Likelihood
    question_emulator: Emulator
    asked: pd.DataFrame
    runs: Runs
    settings: Settings

    @property
    def is_cut(self) -> NDArray[np.bool_]:
        """Which numbers may not speak about cells: of cell arms without a concurrent control; dims ``number``."""
        return uncontrolled_cells(self.problem)

    def sample(
        self, masks: Iterable[NDArray[np.bool_]], *, workers: int, progress: Progress = silent, label: str = "chains",
        chains: Chains | None = None, inclusion: float | None = None, observed: NDArray[np.float64] | None = None,
    ) -> list[Sample]:  # fmt: skip
        """Sample one posterior for each mask of the numbers that count."""
        p = self.settings.inclusion_probability if inclusion is None else inclusion
        values = self.problem.observed if observed is None else observed
        tasks = [
            Task(values, mask, derived_seed(self.settings.seed, f"chains {place}") % 2**31, p)
            for place, mask in enumerate(masks)
        ]
        return sample_posteriors(
            self.problem, tasks, chains or self.settings.chains, workers=workers, progress=progress, label=label
        )

    def answers(self, sample: Sample) -> pd.DataFrame:
        """Return what a posterior says of cells; see `questions.answers`."""
        return answers(self.problem, self.question_emulator, self.asked, sample)


def uncontrolled_cells(problem: Likelihood) -> NDArray[np.bool_]:
    """Return which numbers come from cell arms that no arm without cells stands beside; dims ``number``.

    An arm counts as controlled where the same study prints the same statistic of the same score at the same visit for
    an arm without cells.
    """
    rows = problem.terms.rows
    key = ["study_id", "score", "rule", "kind", "month"]
    beside = set(map(tuple, rows.loc[~rows["is_cells"].astype(bool), key].to_numpy().tolist()))
    alone = [bool(cells) and tuple(values) not in beside for cells, values in
             zip(rows["is_cells"], rows[key].to_numpy().tolist(), strict=True)]  # fmt: skip
    return np.concatenate([alone, np.zeros(len(problem.observed) - len(rows), dtype=bool)]).astype(bool)


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
    plan = plan_arms(with_questions(terms), facts)
    if folder is not None:
        _claim(folder, _stamp(terms, facts, prior, settings))
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
    emulator = fit_emulator(runs, space, cause=_causes(plan), luck_sd=luck, n_quadratic=settings.n_quadratic)
    return _calibration(terms, facts, space, plan, emulator, runs, settings)


def _calibration(
    terms: Terms, facts: FactTerms, space: Space, plan: Plan, emulator: Emulator, runs: Runs, settings: Settings
) -> Calibration:
    """Part what is observed from what is only asked."""
    place = np.arange(len(plan))
    is_asked = (place >= len(terms)) & (place < len(plan.terms))
    problem = likelihood(terms, space, emulator.of(~is_asked), settings.scales, facts)
    asked = plan.terms.rows.iloc[len(terms) :].reset_index(drop=True)
    return Calibration(terms, facts, space, plan, emulator, problem, emulator.of(is_asked), asked, runs, settings)


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
    settings, space = calibration.settings, calibration.space
    z, present = sample.flat("z"), sample.flat("present")
    rng = np.random.default_rng(derived_seed(settings.seed, "second wave"))
    chosen = rng.choice(len(z), settings.n_second, replace=len(z) < settings.n_second)
    centre = z.mean(axis=0)
    points = centre + _SECOND_WAVE_SPREAD * (z[chosen] - centre)
    # indicators from the prior's half: a posterior that is sure of one would leave its other side unexplored
    flags = np.where(rng.random((settings.n_second, present.shape[1])) < 0.5, present[chosen],
                     rng.random((settings.n_second, present.shape[1])) < 0.5)  # fmt: skip
    is_shift = space.is_shift[: len(space.keys)]
    points[:, is_shift] = rng.standard_normal((settings.n_second, int(is_shift.sum())))
    duration = rng.standard_normal(settings.n_second)
    more = run_ensemble(
        calibration.plan, space, (points, flags, duration), seed=derived_seed(settings.seed, "second wave"),
        sizes=settings.sizes, folder=_part(folder, "second"), workers=workers, progress=progress,
        label="runs at the posterior",
    )  # fmt: skip
    both = calibration.runs.joined(_scaled(more, calibration.plan))
    weight = np.concatenate([np.ones(len(calibration.runs.z)), np.full(len(more.z), float(_SECOND_WAVE_WEIGHT))])
    emulator = fit_emulator(
        both, space, cause=_causes(calibration.plan), luck_sd=calibration.emulator.luck_sd,
        n_quadratic=settings.n_quadratic, weight=weight,
    )  # fmt: skip
    return _calibration(
        calibration.terms, calibration.facts, space, calibration.plan, emulator, both, calibration.settings
    )


def _causes(plan: Plan) -> NDArray:
    """Return the cause of each number of a run; dims ``number``: terms, questions, facts."""
    parts = [plan.terms.rows["cause"].to_numpy(dtype=str)]
    if plan.facts is not None:
        parts.append(plan.facts.rows["cause"].to_numpy(dtype=str))
    return np.concatenate(parts)


def _scaled(runs: Runs, plan: Plan) -> Runs:
    return replace(runs, values=fitted_scale(plan.terms, runs.values))


def _part(folder: Path | None, name: str) -> Path | None:
    return None if folder is None else folder / name


def _stamp(terms: Terms, facts: FactTerms, prior: Prior, settings: Settings) -> Mapping[str, Any]:
    """Return what decides the runs: another value of any of it makes other runs."""
    decisive = {name: value for name, value in asdict(settings).items() if name not in ("chains", "scales",
                "inclusion_probability", "n_quadratic", "n_second")}  # fmt: skip
    rows = facts.rows.drop(columns=["studies"])
    parts = [terms.rows, terms.baselines, rows.astype(str), prior.rows.astype(str), decisive]
    return {"fingerprint": fingerprint(parts), "settings": decisive}


def _claim(folder: Path, stamp: Mapping[str, Any]) -> None:
    """Mark the folder as this calibration's, or find that it is."""
    path = folder / "calibration.json"
    if path.exists():
        held = json.loads(path.read_text(encoding="utf-8"))
        if held.get("fingerprint") != stamp["fingerprint"]:
            what = Problem(
                "folder", "holds runs of another calibration", "runs of the same tables, prior and settings",
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
        where the distance exceeds 5 points in most runs.
    """
    runs, arms = calibration.runs, calibration.terms.arms
    # behind the published arms come those of the questions, which enrol nobody's patients
    size, gap = (np.median(values[:, : len(arms)], axis=0) for values in (runs.effective_size, runs.gap))
    verdict = np.where(gap > LARGEST_GAP, "refused", np.where(size < FEWEST_PATIENTS, "few", "good"))
    return pd.DataFrame(
        {
            "study_id": [arm.study_id for arm in arms],
            "arm_id": [arm.arm_id for arm in arms],
            "effective_size": size,
            "gap": gap,
            "verdict": verdict,
        }
    )


FEWEST_PATIENTS = 50.0
LARGEST_GAP = 5.0
