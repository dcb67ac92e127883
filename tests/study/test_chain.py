import shutil
from dataclasses import replace

import pytest

from sciatrial.foundation import CalibrationError, EvidenceError, Problem, StudyError
from sciatrial.study import chain, check_study, read_study
from tests.report.compared import compared_with
from tests.study.conftest import SMALL, STUDIES, posterior_of


def test_arms_of_the_same_name_stand_beside_each_other():
    inputs = chain.read_inputs(read_study(STUDIES / "mpc_intradiscal.toml"))
    assert chain.same_arm(inputs) == {arm: arm for arm in ("saline", "ha", "mpc_6m", "mpc_18m")}


@pytest.mark.parametrize(
    ("evidence", "told"),
    [
        ('compare_with = "amirdelfan2012"', "amirdelfan2021"),
        ('compare_with = "amirdelfan2021"\nsame_arm = { cells = "mpc" }', "is not an arm of it"),
        ('same_arm = { cells = "mpc_6m" }', "nothing to point at"),
        ('tables = "nowhere"', "no such folder"),
    ],
)
def test_a_comparison_that_the_tables_do_not_hold_is_told(tmp_path, evidence, told):
    path = tmp_path / "study.toml"
    path.write_text(SMALL.replace("[simulation]", f"[evidence]\n{evidence}\n[simulation]"), encoding="utf-8")
    with pytest.raises((StudyError, EvidenceError), match=told):
        check_study(read_study(path))


def test_batches_cover_every_trial_of_every_scenario_once(small):
    places = list(chain.batch_places(small))
    assert list(dict.fromkeys(s for s, _, _ in places)) == ["prior", "reference", "no_cell_effect"]
    for scenario in chain.scenarios(small):
        numbers = [n for s, first, count in places if s is scenario for n in range(first, first + count)]
        assert numbers == list(range(12))


def test_batches_of_large_trials_are_small(small_file):
    large = read_study(small_file, changes=["trial.n_total=10000"])
    assert {count for _, _, count in chain.batch_places(large)} == {2}


def test_the_fingerprint_of_a_run_moves_with_the_seed(small_file):
    one, two = (chain.read_inputs(read_study(small_file, changes=[f"seed={seed}"])).fingerprint() for seed in (1, 2))
    assert one != two


def test_a_study_with_a_posterior_simulates_from_its_draws(calibrated_file):
    study = read_study(calibrated_file)
    drawn = chain.run_draws(chain.read_inputs(study))
    kept = {tuple(row) for row in posterior_of().values}
    assert len({tuple(row) for row in drawn.values} & kept) == 12
    assert [str(scenario) for scenario in chain.scenarios(study)] == ["posterior", "reference", "no_cell_effect"]


def test_the_draws_of_a_study_are_those_of_its_run(calibrated_file):
    study = read_study(calibrated_file)
    few, run = chain.study_draws(study, n_draws=5), chain.run_draws(chain.read_inputs(study))
    assert (few.values == run.values[:5]).all()


def test_the_fingerprint_of_a_run_moves_with_the_posterior(calibrated_file):
    study = read_study(calibrated_file)
    one, other = (chain.read_inputs(study, posterior=posterior_of(seed=seed)).fingerprint() for seed in (1, 2))
    assert one != other


def test_a_folder_without_a_posterior_is_told_with_what_there_is(calibrated_file):
    with pytest.raises(StudyError) as caught:
        check_study(read_study(calibrated_file, changes=["calibration.parameters=fited"]))
    (problem,) = caught.value.problems
    assert problem.where == "calibration.parameters"
    assert "prior, reference, or a folder" in problem.expected


def test_a_folder_that_holds_another_record_is_told(calibrated_file):
    posterior_of().draws.save(calibrated_file.parent / "draws")
    with pytest.raises(StudyError, match="holds a Draws"):
        check_study(read_study(calibrated_file, changes=["calibration.parameters=draws"]))


def test_a_posterior_of_other_numbers_is_refused(calibrated_file):
    drawn = posterior_of()
    other = replace(drawn, keys=("renamed", *drawn.keys[1:]))
    other.save(calibrated_file.parent / "other")
    with pytest.raises(CalibrationError, match="with renamed"):
        check_study(read_study(calibrated_file, changes=["calibration.parameters=other"]))


def test_a_package_without_its_posterior_says_how_to_make_one(calibrated_file, monkeypatch):
    def missing():
        what = Problem("reference posterior", "is not installed", "the package's own data", "run `sciatrial calibrate`")
        raise CalibrationError("calibration", [what])

    monkeypatch.setattr("sciatrial.calibration.reference_posterior", missing)
    with pytest.raises(CalibrationError, match="sciatrial calibrate"):
        check_study(read_study(calibrated_file, changes=["calibration.parameters=reference"]))


def test_the_comparison_with_published_patients_goes_with_its_own_posterior_alone(calibrated_file):
    study = read_study(calibrated_file)
    assert chain.read_inputs(study).population is None
    compared_with(posterior_of(seed=1)).save(calibrated_file.parent / "population")
    assert chain.read_inputs(study).population is None
    shutil.rmtree(calibrated_file.parent / "population")
    compared_with(posterior_of()).save(calibrated_file.parent / "population")
    found = chain.read_inputs(study)
    assert found.population is not None
    assert found.fingerprint() == chain.Inputs(study, found.evidence, found.prior, found.posterior).fingerprint()


def test_the_posterior_that_ships_brings_its_comparison(calibrated_file):
    text = calibrated_file.read_text(encoding="utf-8").replace('"fitted"', '"reference"')
    calibrated_file.write_text(text, encoding="utf-8")
    inputs = chain.read_inputs(read_study(calibrated_file))
    assert inputs.population is not None
    assert inputs.population.is_of(inputs.posterior.fingerprint())
