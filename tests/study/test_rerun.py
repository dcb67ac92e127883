import json
import shutil

import pytest

from sciatrial.foundation import StudyError
from sciatrial.study import rerun_study


@pytest.fixture
def copy(finished, tmp_path):
    return shutil.copytree(finished.folder, tmp_path / finished.folder.name)


def change(folder, **values):
    path = folder / "run.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    for key, value in values.items():
        document[key] = {**document[key], **value}
    path.write_text(json.dumps(document), encoding="utf-8")


def test_a_run_made_again_is_the_same_bit_for_bit_and_its_folder_is_not_touched(copy):
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    assert rerun_study(copy).is_identical
    assert before == {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}


def test_other_versions_are_refused_with_the_difference(copy):
    change(copy, versions={"numpy": "1.0", "numba": "0.1"})
    with pytest.raises(StudyError) as caught:
        rerun_study(copy)
    assert [problem.where for problem in caught.value.problems] == ["numpy", "numba"]
    assert "--force" in str(caught.value)


def test_force_goes_on_under_other_versions(copy):
    change(copy, versions={"numpy": "1.0"})
    done = rerun_study(copy, force=True)
    assert done.is_identical
    assert done.other_versions[0][:2] == ("numpy", "1.0")


def test_a_number_that_differs_is_named_with_its_column(copy):
    path = copy / "study.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("seed = 11", "seed = 12"), encoding="utf-8")
    done = rerun_study(copy)
    assert not done.is_identical
    assert any(line.startswith("trials.estimate: ") and "numbers differ" in line for line in done.changed["operating"])


def test_a_record_that_somebody_changed_is_told(copy):
    path = copy / "evidence" / "studies.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("2021", "2022"), encoding="utf-8")
    with pytest.raises(StudyError, match="differs from what was saved"):
        rerun_study(copy)


def test_a_folder_that_is_no_run_is_told(tmp_path):
    with pytest.raises(StudyError, match="a finished run"):
        rerun_study(tmp_path)


def test_a_run_from_a_posterior_is_made_again_from_the_kept_one(from_posterior, tmp_path):
    copy = shutil.copytree(from_posterior.folder, tmp_path / from_posterior.folder.name)
    assert not (copy / "fitted").exists()
    assert not (copy.parent / "population").exists()  # the comparison comes from the run as well
    assert rerun_study(copy).is_identical
