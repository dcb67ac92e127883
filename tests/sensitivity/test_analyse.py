"""Indices that are known are found, and what cannot matter does not."""

import sys

import numpy as np
import pytest

from sciatrial.clinic import Protocol
from sciatrial.foundation import Score, TrialError
from sciatrial.model import sciatica_model
from sciatrial.parameters import PriorRow, read_prior
from sciatrial.population import cohort_named
from sciatrial.sensitivity import Input, Setting, analyse_sensitivity
from sciatrial.sensitivity.analyse import elementary_effects, module_effects, most_influential, variance_shares

MODEL, PRIOR = sciatica_model(), read_prior()
CELLS = Protocol(
    intervention="cell_therapy", cell_type="bm_msc", donor="allogeneic", dose_million_cells=20,
    route="epidural_transforaminal",
)  # fmt: skip
COLUMN = (("treated", "leg_pain", 3.0),)


def named(name, module="first"):
    row = PriorRow(
        name=name, qualifier="", used_by="model", reference=0.5, low=0.0, high=1.0, scale="linear", patient_sd=0,
        inclusion="", basis="assumed", sources="assumption:x", note="",
    )  # fmt: skip
    return Input(row, module)


def ishigami(_, points):
    x = np.pi * (2 * points - 1)
    value = np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    return value[:, None]


def test_the_shares_of_the_ishigami_function_are_found():
    """First-order 0.3139, 0.4424, 0; total 0.5576, 0.4424, 0.2437 (Ishigami and Homma, 1990)."""
    shares, n = variance_shares([named(name) for name in "abc"], ishigami, COLUMN, 2048, seed=1)
    assert n == 2048 * 5
    assert shares["first"].to_list() == pytest.approx([0.3139, 0.4424, 0.0], abs=0.03)
    assert shares["total"].to_list() == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.03)


def test_the_elementary_effects_of_a_straight_line_are_its_slopes():
    def line(_, points):
        return (points @ np.array([3.0, -1.0, 0.0]))[:, None]

    inputs = [named(name) for name in "abc"]
    effects, n = elementary_effects(inputs, line, COLUMN, 8, seed=1)
    assert n == 8 * 4
    assert effects["mu_star"].to_list() == pytest.approx([3.0, 1.0, 0.0])
    assert effects["sigma"].to_list() == pytest.approx([0.0, 0.0, 0.0], abs=1e-12)


def test_a_module_moves_all_its_numbers_at_once():
    def line(_, points):
        return (points @ np.array([3.0, 1.0, 0.5]))[:, None]

    inputs = [named("a"), named("b"), named("c", "second + first")]
    modules, _ = module_effects(inputs, line, COLUMN, 8, seed=1)
    assert set(modules["module"]) == {"first", "second"}
    assert modules.set_index("module").loc["first", "mu_star"] > modules.set_index("module").loc["second", "mu_star"]


def test_the_most_influential_are_chosen_over_all_columns():
    def two(_, points):
        return np.stack([10 * points[:, 0], points[:, 1]], axis=1)

    columns = (("treated", "leg_pain", 1.0), ("treated", "back_pain", 1.0))
    inputs = [named(name) for name in "abc"]
    effects, _ = elementary_effects(inputs, two, columns, 4, seed=1)
    assert [item.key for item in most_influential(effects, inputs, 2)] == ["a", "b"]
    assert most_influential(effects, inputs, 0) == ()


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    setting = Setting(
        cohort_named("chronic_radicular"), CELLS, (Score.LEG_PAIN,), (3.0,), 20, 5, arm="cells", study="one"
    )
    keep = tmp_path_factory.mktemp("parts")
    result = analyse_sensitivity(MODEL, PRIOR, setting, trajectories=2, n_shares=2, base_points=2, keep=keep)
    again = analyse_sensitivity(MODEL, PRIOR, setting, trajectories=2, n_shares=2, base_points=2, keep=keep)
    assert again.fingerprint() == result.fingerprint()  # from the kept parts, without simulating
    return result


def test_what_cannot_reach_the_leg_has_no_effect_there(found):
    effects = found.effects.query("quantity == 'treated'").set_index("input")["mu_star"]
    for name in ("roland_morris_steepness", "numbness_weight", "quality_of_life_intercept"):
        assert effects.get(name, 0.0) == 0.0
    assert effects["firing_leg_pain_weight"] > 1.0


def test_what_cells_do_changes_their_effect(found):
    effects = found.effects.query("quantity == 'effect'").set_index("input")["mu_star"]
    assert effects["anti_inflammatory_per_cell"] > 0.2


def test_the_result_comes_back_from_disk(found, tmp_path):
    loaded = type(found).load(found.save(tmp_path / "result"))
    assert loaded.fingerprint() == found.fingerprint()
    assert len(found.top("treated", "leg_pain", 3.0)) == 5


def test_a_result_says_what_was_looked_at_and_how(found):
    assert (found.study, found.arm, found.control) == ("one", "cells", "saline")
    assert (found.seed, found.n_patients, found.trajectories, found.base_points) == (5, 20, 2, 2)
    assert found.inclusion_probability == 0.5


def test_every_wrong_number_is_told_at_once():
    setting = Setting(cohort_named("chronic_radicular"), CELLS, (Score.LEG_PAIN,), (3.0, 1.0), 1, 5)
    with pytest.raises(TrialError) as error:
        analyse_sensitivity(MODEL, PRIOR, setting, trajectories=1, n_shares=1, base_points=3)
    assert len(error.value.problems) == 5


@pytest.mark.parametrize("months", [(0.0,), (999.0,), (float("nan"),)])
def test_months_beyond_the_horizon_are_refused(months):
    setting = Setting(cohort_named("chronic_radicular"), CELLS, (Score.LEG_PAIN,), months, 20, 5)
    with pytest.raises(TrialError, match="up to 60"):
        analyse_sensitivity(MODEL, PRIOR, setting)


def test_nothing_is_left_behind_by_a_refusal(tmp_path):
    setting = Setting(cohort_named("chronic_radicular"), CELLS, (Score.LEG_PAIN,), (3.0,), 20, 5)
    with pytest.raises(TrialError):
        analyse_sensitivity(MODEL, PRIOR, setting, base_points=3, keep=tmp_path / "parts")
    assert not list(tmp_path.iterdir())


def test_a_missing_library_is_told_kindly(monkeypatch):
    monkeypatch.setitem(sys.modules, "SALib", None)
    setting = Setting(cohort_named("chronic_radicular"), CELLS, (Score.LEG_PAIN,), (3.0,), 20, 5)
    with pytest.raises(TrialError, match=r"SALib: is not installed(?s:.)*pip install -e \."):
        analyse_sensitivity(MODEL, PRIOR, setting)
