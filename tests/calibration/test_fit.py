"""A calibration's folder belongs to it, and cells without a control have no say about cells."""

import json

import pytest
from tests.calibration.small import SETTINGS, small_calibration, small_evidence

from sciatrial.calibration.fit import Settings, reached, uncontrolled_cells
from sciatrial.calibration.run import prepare_calibration
from sciatrial.foundation import CalibrationError
from sciatrial.parameters import read_prior


def test_arms_of_cells_without_a_control_are_cut_and_those_with_one_are_not():
    calibration = small_calibration()
    rows = calibration.terms.rows
    cut = uncontrolled_cells(calibration.problem)[: len(rows)]
    assert set(rows.loc[cut, "study_id"]) == {"orozco2011"}
    assert not cut[(rows["study_id"] == "levi2025").to_numpy()].any()


def test_no_fact_is_cut():
    calibration = small_calibration()
    assert not calibration.is_cut[len(calibration.terms) :].any()


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


def test_a_quick_calibration_is_smaller_in_everything():
    quick, full = Settings.quick(), Settings()
    assert quick.n_runs < full.n_runs
    assert quick.sizes.herniation < full.sizes.herniation
    assert quick.chains.n_draws < full.chains.n_draws
