import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.calibration.planted import real_terms

from sciatrial.calibration.discrepancy import courses, worth
from sciatrial.calibration.emulator import Emulator
from sciatrial.calibration.problem import likelihood
from sciatrial.calibration.sampler import Chains, Task, libraries, sample_posteriors
from sciatrial.calibration.self_check import joint_log_likelihood, observe, simulate_data, terms_of
from sciatrial.calibration.space import draws_at, space_of
from sciatrial.calibration.terms import TermKind, Terms
from sciatrial.foundation import CalibrationError
from sciatrial.parameters import CELL_EFFECTS, read_prior

CONTROLLED = ("amirdelfan2021", "beall2021")  # cells beside arms without them
COPIES = 6
MASKED = "beall2021 copy 0"
SPACE = space_of(read_prior())
# what an effect does to arms with cells over the months, as a share of its size
COURSE_OF = {
    "cell_anti_inflammatory": lambda month: 1 - np.exp(-month / 0.7),
    "cell_neurotrophic": lambda month: np.exp(-month / 12),
    "cell_disc_resolution": lambda month: 1 - np.exp(-month / 12),
    "cell_conversion": lambda month: month / 36,
}
PRIOR_OF_NONE = 0.5 ** len(CELL_EFFECTS)
KEY_OF = {
    "cell_anti_inflammatory": "anti_inflammatory_per_cell",
    "cell_neurotrophic": "neurotrophic_per_cell",
    "cell_disc_resolution": "disc_resolution_gain",
    "cell_conversion": "converted_cell_matrix_factor",
}
EFFECT, EFFECT_BY_COORDINATE = -12.0, -3.0  # points
POINT = ("z", "present", "discrepancy", "spreads", "shift_sds")


def precise_copies(terms):
    """Several large trials of each design: a mean has a standard error of one point, a share of about as much."""
    arms = len(terms.arms)
    rows = [
        terms.rows.assign(
            study_id=terms.rows["study_id"] + f" copy {copy}",
            group=terms.rows["study_id"] + f" copy {copy}",
            arm=terms.rows["arm"] + copy * arms,
        )
        for copy in range(COPIES)
    ]
    return Terms(
        pd.concat(rows, ignore_index=True).assign(se=1.0, n=1000.0), terms.arms * COPIES, terms.baselines, terms.unused
    )


def emulator_by_hand(terms):
    """Every coordinate moves all arms a little; each effect of cells moves arms with cells by a course of its own."""
    fast, slow = (course * worth(terms) for course in courses(terms))
    rng = np.random.default_rng(20)
    gated = SPACE.gate >= 0
    slopes = rng.normal(0.0, 0.4, (len(SPACE.inputs), 2))
    slopes[: len(SPACE.keys)][gated] = 0.0
    slopes[SPACE.is_indicator] = 0.0
    linear = slopes @ np.stack([fast, slow])
    inputs = list(SPACE.inputs)
    month = terms.rows["month"].to_numpy(dtype=float)
    for effect, course in COURSE_OF.items():
        moved = worth(terms) * course(month) * terms.rows["is_cells"].to_numpy(dtype=bool)
        linear[inputs.index(f"{effect} present")] = EFFECT * moved
        linear[inputs.index(KEY_OF[effect])] = EFFECT_BY_COORDINATE * moved
    n = len(terms)
    one = len(inputs)
    factors = [(place, one, one) for place in range(one)]
    factors += [(a, b, one) for a, b in zip(*rng.choice(np.flatnonzero(~gated), (2, 30)), strict=True)]
    is_sd = (terms.rows["kind"] == TermKind.SD).to_numpy()
    return Emulator(
        inputs=SPACE.inputs,
        intercept=np.where(is_sd, np.log(22.0), -15.0 * slow),
        factors=np.array([*factors, (0, 0, 0)], dtype=np.int64),
        coefficients=np.concatenate([linear, rng.normal(0.0, 0.2, (30, 1)) * slow, 0.1 * fast[None]]),
        error_sd=np.where(is_sd, 0.02, 0.5 * np.abs(worth(terms))),
        luck_sd=np.zeros(n),
        explained=np.ones(n),
    )


def planted(problem, effects, seed):
    """A point of the prior with exactly these effects, in trials that otherwise differ by little, and its data."""
    rng = np.random.default_rng(seed)
    point = simulate_data(problem, rng)
    spreads = np.where(np.arange(len(point.spreads)) < 5, 1.0, 0.1)
    point = replace(point, present=np.isin(SPACE.groups, effects), spreads=spreads)
    return replace(point, observed=observe(problem, point, rng))


@pytest.fixture(scope="module")
def problem():
    terms = precise_copies(terms_of(real_terms(), CONTROLLED, most=8))
    return likelihood(terms, SPACE, emulator_by_hand(terms))


@pytest.fixture(scope="module")
def truths(problem):
    return {"null": planted(problem, (), 1), "real": planted(problem, ("cell_anti_inflammatory", "cell_conversion"), 8)}


@pytest.fixture(scope="module")
def samples(problem, truths):
    """Posteriors of null trials, of real effects, and of null trials without one study, its numbers unreadable."""
    all_count, without = np.ones(len(problem.observed), dtype=bool), problem.without([MASKED])
    tasks = [
        Task(truths["null"].observed, all_count, seed=1),
        Task(truths["real"].observed, all_count, seed=8),
        Task(np.where(without, truths["null"].observed, np.nan), without, seed=3),
        Task(np.where(without, truths["null"].observed, 1e6), without, seed=3),
        Task(truths["null"].observed, ~all_count, seed=4, prior_sd=np.where(np.arange(len(SPACE.keys)) == 0, 3.0, 1.0)),
    ]
    found = sample_posteriors(problem, tasks, Chains(n_chains=1, n_warmup=250, n_draws=300), workers=2)
    return dict(zip(("null", "real", "masked", "masked again", "no data"), found, strict=True))


def test_without_data_coordinates_have_the_prior_that_the_task_gives_them(samples):
    spread = samples["no data"].flat("z").std(axis=0)
    assert spread[0] == pytest.approx(3.0, rel=0.25)
    assert spread[1:] == pytest.approx(1.0, rel=0.25)


def cells_do(z, present, month):
    """Points that all effects of cells together add to an arm; dims ``draw``."""
    total = np.zeros(len(z))
    for effect, course in COURSE_OF.items():
        size = EFFECT + EFFECT_BY_COORDINATE * z[:, SPACE.keys.index(KEY_OF[effect])]
        total += present[:, SPACE.groups.index(effect)] * size * course(month)
    return total


def probability_of_none(sample):
    places = [SPACE.groups.index(effect) for effect in CELL_EFFECTS]
    return (~sample.flat("present")[:, places].any(axis=1)).mean()


def test_many_null_trials_make_no_cell_effect_far_more_probable_than_the_prior_has_it(samples):
    assert probability_of_none(samples["null"]) > 0.8 > 10 * PRIOR_OF_NONE


@pytest.mark.parametrize("effect", CELL_EFFECTS)
def test_many_null_trials_make_each_cell_effect_improbable(samples, effect):
    assert samples["null"].flat("present")[:, SPACE.groups.index(effect)].mean() < 0.15


def test_real_effects_make_no_cell_effect_far_less_probable_than_the_prior_has_it(samples):
    assert probability_of_none(samples["real"]) < PRIOR_OF_NONE / 10


@pytest.mark.parametrize("name", ["null", "real"])
def test_an_effect_that_no_number_speaks_of_stays_as_probable_as_before(samples, name):
    present = samples[name].flat("present")[:, SPACE.groups.index("prp_at_root")]
    assert present.mean() == pytest.approx(0.5, abs=0.15)


def test_an_absent_effect_is_exactly_zero(samples):
    sample = samples["null"]
    draws = draws_at(SPACE, sample.flat("z"), sample.flat("present"))
    value = draws.values[:, draws.keys.index("anti_inflammatory_per_cell")]
    assert np.array_equal(value == 0, ~sample.flat("present")[:, SPACE.groups.index("cell_anti_inflammatory")])
    assert (value == 0).mean() > 0.5


@pytest.mark.parametrize("name", ["null", "real"])
def test_most_planted_coordinates_lie_within_their_90_percent_interval(samples, truths, name):
    low, high = np.quantile(samples[name].flat("z"), [0.05, 0.95], axis=0)
    within = (low < truths[name].z) & (truths[name].z < high)
    assert 0.84 < within.mean() < 0.96


@pytest.mark.parametrize("month", [3.0, 12.0, 36.0])
@pytest.mark.parametrize("name", ["null", "real"])
def test_what_cells_do_is_recovered(samples, truths, name, month):
    """The sum of all effects of cells, whichever of them it is: points of an arm with cells."""
    truth, sample = truths[name], samples[name]
    low, high = np.quantile(cells_do(sample.flat("z"), sample.flat("present"), month), [0.005, 0.995])
    (true,) = cells_do(truth.z[None], truth.present[None], month)
    assert low <= true <= high
    assert high - low < 12


@pytest.mark.parametrize("name", ["null", "real"])
def test_the_sampler_computes_the_likelihood_that_numpy_computes(samples, problem, truths, name):
    sample = samples[name]
    point = [sample.flat(part) for part in POINT]
    expected = joint_log_likelihood(problem, truths[name].observed, *point)
    assert sample.flat("study_log_likelihood").sum(axis=1) == pytest.approx(expected, rel=1e-9)


def test_a_masked_study_counts_as_one_that_was_never_there(samples, problem, truths):
    keep = problem.without([MASKED])
    terms = replace(problem.terms, rows=problem.terms.rows[keep].reset_index(drop=True))
    shorter = likelihood(terms, SPACE, emulator_by_hand(terms))
    sample = samples["masked"]
    point = [sample.flat(part) for part in POINT]
    expected = joint_log_likelihood(shorter, truths["null"].observed[keep], *point)
    assert sample.flat("study_log_likelihood").sum(axis=1) == pytest.approx(expected, rel=1e-9)


def test_what_a_masked_study_printed_does_not_matter_and_a_seed_gives_the_same_draws(samples):
    for part in POINT:
        assert np.array_equal(getattr(samples["masked"], part), getattr(samples["masked again"], part))


def test_a_missing_library_is_told_with_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "numpyro", None)
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(CalibrationError, match="bayes"):
        libraries()


def test_every_effect_of_cells_can_be_absent():
    assert set(CELL_EFFECTS) <= set(SPACE.groups)
