"""A calibration's folder belongs to it, and cells without a control have no say about cells."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.calibration.small import SETTINGS, small_calibration, small_evidence

from sciatrial.calibration.arms_simulated import plan_arms
from sciatrial.calibration.contrasts import uncontrolled_cells
from sciatrial.calibration.fit import Settings, _stamp, reached
from sciatrial.calibration.run import prepare_calibration
from sciatrial.calibration.space import inputs_at
from sciatrial.evidence import EntryDuration
from sciatrial.foundation import CalibrationError
from sciatrial.parameters import CELL_EFFECTS, read_prior


def test_arms_of_cells_without_a_control_stand_alone_and_those_with_one_do_not():
    rows = small_calibration().terms.rows
    alone = uncontrolled_cells(rows)
    assert set(rows.loc[alone, "study_id"]) == {"orozco2011"}
    assert not alone[(rows["study_id"] == "levi2025").to_numpy()].any()


def test_mechanisms_of_cells_move_no_number_of_an_arm_that_stands_alone():
    calibration = small_calibration()
    space, alone = calibration.space, calibration.is_alone
    z = np.random.default_rng(1).standard_normal((2, len(space.keys)))
    present = np.zeros((2, len(space.groups)), dtype=bool)
    present[1, [space.groups.index(group) for group in CELL_EFFECTS]] = True
    z[1] = z[0]
    x = inputs_at(space, z, present, np.zeros(2))
    beside = calibration.problem.terms.rows["is_cells"].to_numpy(dtype=bool) & ~alone[: len(calibration.terms)]
    none, all_of_them = calibration.problem.emulator.value(x)
    assert (none[: len(alone)][alone] == all_of_them[: len(alone)][alone]).all()
    controls = ~calibration.terms.rows["is_cells"].to_numpy(dtype=bool)
    assert (none != all_of_them).sum() <= beside.sum()
    assert (none[: len(controls)][controls] == all_of_them[: len(controls)][controls]).all()
    assert (none != all_of_them)[: len(calibration.terms)][beside].any()
    of_cells = calibration.cells.value(x)[1] - calibration.cells.value(x)[0]
    lone = np.isin(calibration.plan.of_cells, np.flatnonzero(alone))
    everywhere = calibration.single_arms.emulator.value(x)[1] - calibration.problem.emulator.value(x)[1]
    assert everywhere[calibration.plan.of_cells[lone]] == pytest.approx(of_cells[lone])
    assert (everywhere[~alone] == 0).all()


def test_no_fact_stands_alone():
    calibration = small_calibration()
    assert not calibration.is_alone[len(calibration.terms) :].any()


def test_an_arm_whose_baseline_nobody_reaches_counts_for_nothing():
    calibration = small_calibration()
    assert calibration.mask.all()
    rows = calibration.terms.rows
    control = int(rows.loc[rows["study_id"] == "hahne2016", "versus"].iloc[0])
    for arm in (0, control):  # no number of its own, and none that is a difference from it
        gap = calibration.runs.gap.copy()
        gap[:, arm] = 20.0
        out = ~replace(calibration, runs=replace(calibration.runs, gap=gap)).mask
        mine = (rows["arm"] == arm) | (rows["versus"] == arm)
        assert mine.any()
        assert set(np.flatnonzero(out)) == set(np.flatnonzero(mine))


@pytest.mark.parametrize("what", ["a dose", "a duration", "a bound on who was let in", "a visit"])
def test_runs_of_other_designs_are_told_apart(what):
    calibration = small_calibration()
    terms = calibration.terms
    arms, rows = list(terms.arms), terms.rows.copy()
    if what == "a dose":
        place = next(place for place, arm in enumerate(arms) if arm.is_cells)
        other = arms[place].protocol.model_copy(update={"dose_million_cells": 77.0})
        arms[place] = replace(arms[place], protocol=other)
    elif what == "a duration":
        arms[0] = replace(arms[0], duration_months=50.0)
    elif what == "a visit":
        rows.loc[0, "month"] = 33.0
    else:
        arms[0] = replace(arms[0], let_in=EntryDuration(7.0, None))
    other = plan_arms(replace(terms, arms=tuple(arms), rows=rows), calibration.facts)
    stamps = [_stamp(plan, read_prior(), SETTINGS)["fingerprint"] for plan in (calibration.plan, other)]
    assert stamps[0] != stamps[1]
    assert stamps[0] == _stamp(calibration.plan, read_prior(), SETTINGS)["fingerprint"]


def test_a_folder_of_another_calibration_is_refused_and_left_alone(tmp_path):
    folder = tmp_path / "runs"
    folder.mkdir()
    stamp = {"fingerprint": "another", "settings": {}}
    (folder / "calibration.json").write_text(json.dumps(stamp))
    with pytest.raises(CalibrationError, match="another calibration"):
        prepare_calibration(small_evidence(), read_prior(), settings=SETTINGS, folder=folder)
    assert json.loads((folder / "calibration.json").read_text()) == stamp


def test_every_arm_says_how_well_it_can_be_made_up():
    table = reached(small_calibration())
    assert set(table["verdict"]) <= {"good", "few", "refused"}
    assert (table["effective_size"] > 0).all()
    assert len(table) >= len(small_calibration().terms.arms)


def test_every_arm_says_whether_its_patients_had_been_ill_as_long_as_the_study_says():
    calibration = small_calibration()
    table = reached(calibration).set_index(["study_id", "arm_id"])
    printed = table[table["months_printed"].notna()]
    assert len(printed)
    assert printed["months_agree"].all()
    assert printed["months"].to_numpy() == pytest.approx(printed["months_printed"].to_numpy(), rel=0.05)
    assert table["months_agree"][table[["months_printed", "months_from", "months_to"]].isna().all(axis=1)].all()
    arms = list(calibration.terms.arms)
    arms[0] = replace(arms[0], duration_months=None, let_in=EntryDuration(None, 0.05))
    told = reached(replace(calibration, terms=replace(calibration.terms, arms=tuple(arms)))).iloc[0]
    assert not told["months_agree"]
    assert told["months_to"] == 0.05


def test_a_quick_calibration_is_smaller_in_everything():
    quick, full = Settings.quick(), Settings()
    assert quick.n_runs < full.n_runs
    assert quick.sizes.herniation < full.sizes.herniation
    assert quick.chains.n_draws < full.chains.n_draws
