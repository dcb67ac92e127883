"""Does the sampler sample the posterior? Simulation-based calibration on a small problem.

Parameters are drawn from the prior, data from the likelihood at them, and the sampler is given the data. If it is
right, the truth lies anywhere among its draws with the same probability (Talts et al. 2018). The problem is small, the
code is that of the real one: numbers of real trials, their covariances, `likelihood` and `sample_posteriors`. Faults
that are made on purpose show that the test can fail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import gammaln

from sciatrial.calibration.density import means_of, population_inputs
from sciatrial.calibration.discrepancy import USUAL_BASELINE, courses, worth
from sciatrial.calibration.emulator import Emulator
from sciatrial.calibration.predictive import unlikeness
from sciatrial.calibration.problem import SD_SPREADS, SPREADS, Likelihood, likelihood
from sciatrial.calibration.sampler import Chains, Sample, Task, sample_posteriors
from sciatrial.calibration.space import DURATION, TRIAL_SHIFTS, Space
from sciatrial.calibration.terms import TermKind, Terms
from sciatrial.foundation import Intervention, Progress, Record, derived_seed, silent
from sciatrial.parameters import read_prior

if TYPE_CHECKING:
    from collections.abc import Iterable

N_DRAWS = 99  # the truth has 100 places among them
THIN = 3  # odd: an indicator that data say little of changes at every step, and every second draw would be the same
STUDIES = ("beall2021", "amirdelfan2021", "cohen2012", "schukro2016", "rapm2019_prp_ei", "carette1997")
MOST_NUMBERS = 8  # of a study
# effects that may be absent, and the coordinate of each: two that data can take for one another, as those of cells are
GATED = {"cell_anti_inflammatory": "anti_inflammatory_per_cell", "cell_conversion": "converted_cell_matrix_factor"}
EARLY, LATE = GATED
KEYS = (
    "macrophage_switch_rate", "resorption_rate", "context_response_maximum", "steroid_effect_maximum",
    "leg_pain.measurement_sd", *GATED.values(), "trial_context_shift",
)  # fmt: skip
_EMULATOR_ERROR = 1.0  # points
_EMULATOR_ERROR_OF_SD = 0.05  # of a logarithm
_INCLUSION = 0.5
_WRONG_INCLUSION = 0.98
_NULL_DRAWS = 20_000


class Fault(StrEnum):
    """What is wrong with a sampler, on purpose."""

    NONE = "none"
    SMALL_ERROR = "takes a fifth of the standard errors"
    INCLUSION = "takes another prior probability of an effect"
    DEAF = "hears no data"


@dataclass(frozen=True)
class Truth:
    """One point of the prior, named as in `Sample`, and data drawn at it."""

    z: NDArray[np.float64]
    present: NDArray[np.bool_]
    discrepancy: NDArray[np.float64]
    spreads: NDArray[np.float64]
    shift_sds: NDArray[np.float64]
    observed: NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class JointTest(Record):
    """A test that all ranks are uniform.

    ``p_value`` is the joint one; `quantities` has ``quantity, p_value`` of each alone. `ranks` has ``quantity,
    replicate`` (from 0) and ``rank``: how many of ``n_draws`` draws lie below the truth.
    """

    p_value: float
    n_replicates: int
    n_draws: int
    quantities: pd.DataFrame = field(compare=False)
    ranks: pd.DataFrame = field(compare=False)

    def table(self) -> pd.DataFrame:
        """Return the quantities, the least uniform first."""
        return self.quantities.sort_values("p_value", ignore_index=True)

    def __repr__(self) -> str:
        worst = self.table().iloc[0]
        return (
            f"JointTest: p = {self.p_value:.3g} of {len(self.quantities)} quantities in {self.n_replicates} replicates"
            f"\n  least uniform: {worst['quantity']}"
        )


def terms_of(terms: Terms, studies: Iterable[str], *, most: int = MOST_NUMBERS) -> Terms:
    """Return the first numbers, at most `most`, of some studies."""
    rows = terms.rows
    of_study = rows.groupby("study_id", sort=False).cumcount().to_numpy()
    return terms.only(np.isin(rows["study_id"].to_numpy(dtype=str), list(studies)) & (of_study < most))


def reduced_problem(terms: Terms) -> Likelihood:
    """Return a small likelihood: six studies, eight coordinates, two effects that may be absent.

    Parameters
    ----------
    terms
        Of all trials. What they found does not matter; their designs, visits and standard errors do.

    Returns
    -------
    Likelihood
        Its emulator is made by hand: courses of a few points each, with squares, products and a cube.
    """
    few = terms_of(terms, STUDIES)
    gates = [list(GATED.values()).index(key) if key in GATED.values() else -1 for key in KEYS]
    space = Space(read_prior(), KEYS, tuple(GATED), np.array(gates, dtype=np.int64))
    return likelihood(few, space, _emulator_by_hand(few, space))


def _emulator_by_hand(terms: Terms, space: Space) -> Emulator:
    rows = terms.rows
    fast, slow = courses(terms)
    size = worth(terms) * rows["baseline"].fillna(USUAL_BASELINE).to_numpy(dtype=float) / USUAL_BASELINE
    is_sd = (rows["kind"] == TermKind.SD).to_numpy()
    is_level = rows["kind"].isin([TermKind.FINAL, TermKind.MEDIAN]).to_numpy()
    cells = rows["is_cells"].to_numpy(dtype=bool)
    steroid = (rows["intervention"] == Intervention.EPIDURAL_STEROID).to_numpy()
    n = len(rows)
    # points of a mean that a standard deviation of each input is worth
    of_input: Mapping[str, NDArray] = {
        "macrophage_switch_rate": 4.0 * slow * size,
        "resorption_rate": -3.0 * slow * size,
        "context_response_maximum": -4.0 * fast * size,
        "steroid_effect_maximum": -4.0 * fast * size * steroid,
        "leg_pain.measurement_sd": 0.1 * is_sd,
        GATED[EARLY]: -5.0 * fast * size * cells,
        GATED[LATE]: -5.0 * slow * size * cells,
        "trial_context_shift": -3.0 * fast * size,
        DURATION: 2.0 * slow * size,
        f"{EARLY} present": -9.0 * fast * size * cells,
        f"{LATE} present": -9.0 * slow * size * cells,
    }
    of_pair: Mapping[tuple[str, str], NDArray] = {
        ("macrophage_switch_rate", "macrophage_switch_rate"): 1.0 * slow * size,
        ("macrophage_switch_rate", "resorption_rate"): 1.5 * slow * size,
        ("context_response_maximum", "steroid_effect_maximum"): 1.0 * fast * size * steroid,
        ("context_response_maximum", "trial_context_shift"): -1.0 * fast * size,
        ("macrophage_switch_rate", DURATION): 0.7 * slow * size,
        ("macrophage_switch_rate", GATED[EARLY]): -1.0 * slow * size * cells,
        (GATED[EARLY], GATED[EARLY]): -0.7 * fast * size * cells,
    }
    of_cube: Mapping[str, NDArray] = {"context_response_maximum": 0.2 * fast * size}
    inputs, one = list(space.inputs), len(space.inputs)
    factors = [(inputs.index(name), one, one) for name in of_input]
    factors += [(inputs.index(first), inputs.index(second), one) for first, second in of_pair]
    factors += [(inputs.index(name),) * 3 for name in of_cube]
    return Emulator(
        inputs=space.inputs,
        intercept=np.select([is_sd, is_level], [np.log(22.0), 40.0], -20 * slow * size),
        factors=np.array(factors, dtype=np.int64),
        coefficients=np.stack([*of_input.values(), *of_pair.values(), *of_cube.values()]),
        error_sd=np.where(is_sd, _EMULATOR_ERROR_OF_SD, _EMULATOR_ERROR * np.abs(worth(terms))),
        luck_sd=np.zeros(n),
        explained=np.ones(n),
    )


def simulate_data(problem: Likelihood, rng: np.random.Generator) -> Truth:
    """Draw a point of the prior, and what trials would print at it.

    Parameters
    ----------
    problem
        The likelihood; its prior is that of `sampler_for`.
    rng
        Gives the luck, one call after the other.
    """
    scales, space = problem.scales, problem.space
    of_column = [scales.of_column(kind) for kind in problem.columns.kinds]
    scale = np.repeat([scales.spread, scales.sd_spread], [len(SPREADS), len(SD_SPREADS)])
    point = Truth(
        z=rng.standard_normal(len(space.keys)),
        present=rng.random(len(space.groups)) < _INCLUSION,
        discrepancy=rng.standard_normal(len(of_column)) * of_column,
        spreads=np.abs(rng.standard_normal(len(scale))) * scale,
        shift_sds=scales.shift * np.abs(rng.standard_normal(int(space.is_shift.sum()))),
        observed=np.empty(0),
    )
    return replace(point, observed=observe(problem, point, rng))


def observe(problem: Likelihood, point: Truth, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw what trials would print at a point; dims ``term``, then facts."""
    mean, shifts = _means_at(problem, point.z[None], point.present[None], point.discrepancy[None])
    observed = mean[0].copy()
    for number, block in enumerate(problem.blocks):
        covariance = _covariance_at(problem, number, shifts, point.spreads[None], point.shift_sds[None])[0]
        luck = (np.linalg.cholesky(covariance) @ rng.standard_normal((*block.place.shape, 1)))[..., 0]  # (study, slot)
        luck = luck * unlikeness(rng, problem.scales.freedom, (len(luck), 1))
        observed[block.place[block.is_real]] += luck[block.is_real]
    return observed


def joint_log_likelihood(
    problem: Likelihood,
    observed: NDArray[np.float64],
    z: NDArray[np.float64],
    present: NDArray[np.bool_],
    discrepancy: NDArray[np.float64],
    spreads: NDArray[np.float64],
    shift_sds: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the log likelihood of data at points, all studies together.

    It says again, in other words, what the sampler computes, so that a slip in one of the two shows.

    Parameters
    ----------
    problem, observed
        The likelihood and data, dims ``term`` and then facts.
    z, present, discrepancy, spreads, shift_sds
        Points, as in `Sample`; dims ``draw, …``.

    Returns
    -------
    numpy.ndarray
        dims ``draw``.
    """
    mean, shifts = _means_at(problem, z, present, discrepancy)
    total = np.zeros(len(z))
    for number, block in enumerate(problem.blocks):
        covariance = _covariance_at(problem, number, shifts, spreads, shift_sds)
        left = np.where(block.is_real, observed[block.place] - mean[:, block.place], 0.0)[..., None]
        quadratic = (left * np.linalg.solve(covariance, left)).sum(axis=(2, 3))  # (draw, study)
        # the padding has a variance of 1 and adds nothing to the determinant
        determinant = np.linalg.slogdet(covariance)[1]
        n, freedom = block.is_real.sum(axis=1), problem.scales.freedom
        constant = gammaln((freedom + n) / 2) - gammaln(freedom / 2) - n / 2 * np.log(freedom * np.pi)
        density = constant - determinant / 2 - (freedom + n) / 2 * np.log(1 + quadratic / freedom)
        total += density.sum(axis=1)
    return total


def _means_at(problem: Likelihood, z: NDArray, present: NDArray, discrepancy: NDArray) -> tuple[NDArray, NDArray]:
    """Return means (dims ``draw, term``) and what a unit of each shift does (dims ``draw, shift, term``)."""
    means, inputs = means_of(problem), population_inputs(problem)
    found = [means(inputs(a, b.astype(float)), c) for a, b, c in zip(z, present, discrepancy, strict=True)]
    return np.stack([mean for mean, _ in found]), np.stack([shifts for _, shifts in found])


def _covariance_at(
    problem: Likelihood, number: int, shifts: NDArray, spreads: NDArray, shift_sds: NDArray
) -> NDArray[np.float64]:
    """Return the covariance of each study of a block; dims ``draw, study, slot, slot``."""
    block = problem.blocks[number]
    moved = (shift_sds[:, :, None] * shifts)[:, :, block.place] * block.is_real  # (draw, shift, study, slot)
    by_spread = np.tensordot(spreads**2, block.parts, axes=1)
    by_shift = np.einsum("dkni,dknj->dnij", moved, moved)
    se = problem.se[block.place]
    sampled = block.sampling * se[:, :, None] * se[:, None, :]
    return sampled + block.fixed + by_spread + by_shift + np.eye(block.place.shape[1]) * ~block.is_real[:, :, None]


def sbc_ranks(
    problem: Likelihood,
    n_replicates: Mapping[Fault, int],
    *,
    seed: int,
    n_draws: int = N_DRAWS,
    thin: int = THIN,
    n_warmup: int = 150,
    workers: int = 1,
    progress: Progress = silent,
) -> Mapping[Fault, pd.DataFrame]:
    """Return where the truth lies among draws of its posterior, again and again.

    A fault is in what the sampler is told, so that all replicates share one compiled sampler.

    Parameters
    ----------
    problem
        The likelihood, as a sound sampler knows it.
    n_replicates
        How often, for each fault; `Fault.NONE` is the sampler as it is.
    seed
        From 0; never taken from the clock.
    n_draws, thin
        Draws that are kept, and one of how many is.
    n_warmup
        Steps of each chain before its first draw.
    workers
        Processes; they change the time, not the numbers.
    progress
        Told of every replicate; may ask to stop.

    Returns
    -------
    Mapping
        Fault → ranks from 0 to `n_draws`, one row a replicate, one column a quantity. The last is the log likelihood,
        which depends on the data and so finds samplers whose draws, seen alone, look right (Modrák et al. 2023).
    """
    units = [(fault, number) for fault, count in n_replicates.items() for number in range(count)]
    streams = {unit: np.random.default_rng(derived_seed(seed, f"{unit[0]}, replicate {unit[1]}")) for unit in units}
    truths = {unit: simulate_data(problem, streams[unit]) for unit in units}
    tasks = [_task(problem, truths[unit], unit[0], derived_seed(seed, f"{unit[0]}, chain {unit[1]}")) for unit in units]
    chains = Chains(n_chains=1, n_warmup=n_warmup, n_draws=n_draws * thin)
    samples = sample_posteriors(problem, tasks, chains, workers=workers, progress=progress, label="replicates")
    rows: dict[Fault, list[dict[str, int]]] = {fault: [] for fault in n_replicates}
    for unit, sample in zip(units, samples, strict=True):
        rows[unit[0]].append(_ranks_of(problem, truths[unit], sample, thin, streams[unit]))
    return {fault: pd.DataFrame(found) for fault, found in rows.items()}


def _task(problem: Likelihood, truth: Truth, fault: Fault, seed: int) -> Task:
    """Return what the sampler is told of a truth's data."""
    return Task(
        truth.observed,
        np.full(len(problem.observed), fault is not Fault.DEAF),
        seed % 2**31,
        _WRONG_INCLUSION if fault is Fault.INCLUSION else _INCLUSION,
        problem.se / 5 if fault is Fault.SMALL_ERROR else None,
    )


def _ranks_of(problem: Likelihood, truth: Truth, sample: Sample, thin: int, rng: np.random.Generator) -> dict[str, int]:
    """Return how many draws lie below the truth, for each quantity; ties are broken by chance."""
    names = ("z", "present", "discrepancy", "spreads", "shift_sds")
    drawn = {name: sample.flat(name)[thin - 1 :: thin] for name in names}
    true = {name: getattr(truth, name)[None] for name in names}
    of_draws = _quantities(problem, joint_log_likelihood(problem, truth.observed, **drawn), drawn)
    of_truth = _quantities(problem, joint_log_likelihood(problem, truth.observed, **true), true)
    below = {name: int((values < of_truth[name]).sum()) for name, values in of_draws.items()}
    ties = {name: int((values == of_truth[name]).sum()) for name, values in of_draws.items()}
    return {name: below[name] + int(rng.integers(ties[name] + 1)) for name in below}


def _quantities(
    problem: Likelihood, log_likelihood: NDArray, of: Mapping[str, NDArray]
) -> dict[str, NDArray[np.float64]]:
    """Return everything whose rank is looked at; dims ``draw`` each.

    Shifts of a trial and regression columns that no number has are left out: data say nothing of them.
    """
    space, columns = problem.space, problem.columns
    found = {key: of["z"][:, place] for place, key in enumerate(space.keys) if key not in TRIAL_SHIFTS}
    found |= {f"{group} present": of["present"][:, place] for place, group in enumerate(space.groups)}
    used = np.flatnonzero((columns.values != 0).any(axis=0))
    found |= {f"discrepancy, {columns.names[place]}": of["discrepancy"][:, place] for place in used}
    found |= {f"spread, {name}": of["spreads"][:, place] for place, name in enumerate((*SPREADS, *SD_SPREADS))}
    shifts = [name for name, is_shift in zip(space.inputs, space.is_shift, strict=True) if is_shift]
    found |= {f"spread of {name}": of["shift_sds"][:, place] for place, name in enumerate(shifts)}
    return found | {"log likelihood": log_likelihood}


def joint_test(ranks: pd.DataFrame, *, n_draws: int = N_DRAWS, seed: int = 0) -> JointTest:
    """Test at once that the ranks of all quantities are uniform.

    For each quantity the statistic is that of the simultaneous envelope of Säilynoja et al. (2022): the smallest, over
    all places, of the two-sided binomial probability of the number of ranks up to there. It needs no bins and sees
    tails and middle alike. Its distribution is simulated from uniform ranks. The quantities of one replicate hang
    together in a way nobody knows, so the smallest p-value is multiplied by their number (Bonferroni): with truly
    uniform ranks the joint p-value is below a level at most that often, whatever the dependence.

    Parameters
    ----------
    ranks
        What `sbc_ranks` gave: one row a replicate, one column a quantity.
    n_draws
        The largest possible rank.
    seed
        Of the simulated uniform ranks.
    """
    n = len(ranks)
    null = np.random.default_rng(seed).integers(n_draws + 1, size=(_NULL_DRAWS, n))
    null_statistics = np.sort(_envelope_statistic(null, n_draws))
    found = _envelope_statistic(ranks.to_numpy().T, n_draws)
    p_values = (1 + np.searchsorted(null_statistics, found * (1 + 1e-9), side="right")) / (1 + _NULL_DRAWS)
    joint = min(1.0, float(p_values.min()) * len(p_values))
    names = [str(name) for name in ranks.columns]
    told = pd.DataFrame(
        {
            "quantity": np.repeat(names, n), "replicate": np.tile(np.arange(n), len(names)),
            "rank": ranks.to_numpy().T.ravel(),
        }
    )  # fmt: skip
    return JointTest(joint, n, n_draws, pd.DataFrame({"quantity": names, "p_value": p_values}), told)


def _envelope_statistic(ranks: NDArray, n_draws: int) -> NDArray[np.float64]:
    """Return the smallest two-sided probability of each row's counts; dims ``row, replicate`` → ``row``."""
    from scipy.stats import binom

    n = ranks.shape[1]
    counts = np.stack([np.bincount(row, minlength=n_draws + 1) for row in ranks])
    up_to = counts.cumsum(axis=1)[:, :-1]
    share = np.arange(1, n_draws + 1) / (n_draws + 1)
    # every probability once: rows are places, columns are counts from 0 to all
    low = binom.cdf(np.arange(n + 1)[None, :], n, share[:, None])
    high = binom.sf(np.arange(n + 1)[None, :] - 1, n, share[:, None])
    return 2 * np.minimum(low, high)[np.arange(n_draws), up_to].min(axis=1)
