import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.study.conftest import SMALL, posterior_of, with_posterior


def sciatrial(*words, cwd, **more):
    return subprocess.run(
        [sys.executable, "-m", "sciatrial", *words], cwd=cwd, capture_output=True, text=True, check=False,
        env={**os.environ, "COLUMNS": "200", **more},
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("user")
    (place / "small.toml").write_text(SMALL, encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def done(folder):
    result = sciatrial("run", "small.toml", "--quick", "--json", cwd=folder)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_run_prints_results_on_standard_output_and_notes_on_standard_error(folder, done):
    again = sciatrial("run", "small.toml", "--quick", cwd=folder)
    assert "Prior draws, not calibrated" in again.stdout
    assert "kept from" in again.stderr
    assert "kept from" not in again.stdout


def test_run_says_where_the_report_is(folder, done):
    assert (folder / done["report"]).is_file()
    assert done["calibrated"] is False


def test_run_takes_changes_and_another_folder(folder):
    result = sciatrial("run", "small.toml", "--quick", "--set", "trial.n_total=16", "--out", "elsewhere", cwd=folder)
    assert result.returncode == 0, result.stderr
    (made,) = (folder / "elsewhere").iterdir()
    assert json.loads((made / "run.json").read_text(encoding="utf-8"))["changes"] == ["trial.n_total=16"]


def test_rerun_says_identical(folder, done):
    result = sciatrial("rerun", done["folder"], "--json", cwd=folder)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["is_identical"] is True


def test_report_is_written_again(folder, done):
    result = sciatrial("report", done["folder"], cwd=folder)
    assert result.stdout.strip().endswith("report.html")


def test_check_tells_every_problem_and_ends_with_1(folder):
    (folder / "wrong.toml").write_text(SMALL.replace("seed     = 11", "sead = 11"), encoding="utf-8")
    result = sciatrial("check", "wrong.toml", cwd=folder)
    assert result.returncode == 1
    assert "2 problems" in result.stderr
    assert "Traceback" not in result.stderr


def test_check_speaks_json(folder):
    result = sciatrial("check", "wrong.toml", "--json", cwd=folder)
    assert result.returncode == 1
    assert {p["where"] for p in json.loads(result.stdout)["problems"]} == {"seed", "sead"}


def test_check_of_a_good_study_ends_with_0(folder):
    result = sciatrial("check", "small.toml", cwd=folder)
    assert result.returncode == 0
    assert "No problems" in result.stdout


def test_new_writes_a_study_without_problems_and_never_over_another(folder):
    assert sciatrial("new", "mine", cwd=folder).returncode == 0
    assert sciatrial("check", "mine.toml", cwd=folder).returncode == 0
    (folder / "mine.toml").write_text("kept", encoding="utf-8")
    again = sciatrial("new", "mine", cwd=folder)
    assert again.returncode == 1
    assert "already exists" in again.stderr
    assert (folder / "mine.toml").read_text(encoding="utf-8") == "kept"


def test_new_refuses_a_name_that_no_study_can_have(folder):
    assert sciatrial("new", "my trial", cwd=folder).returncode == 1
    assert not (folder / "my trial.toml").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["runn"], "run"),
        (["run", "small.toml", "--quik"], "--quick"),
        (["show", "evidence", "--route", "x"], "perineural"),
    ],
)
def test_a_mistyped_word_is_wrong_usage_and_names_the_nearest(folder, words, told):
    result = sciatrial(*words, cwd=folder)
    assert result.returncode == 2
    assert told in result.stderr


def test_show_evidence_speaks_json(folder):
    result = sciatrial("show", "evidence", "--cell-type", "mpc", "--outcome", "back_pain", "--json", cwd=folder)
    rows = json.loads(result.stdout)
    assert {row["cell_type"] for row in rows} == {"mpc"}


def test_show_a_run_folder(folder, done):
    result = sciatrial("show", done["folder"], cwd=folder)
    assert "monte_carlo_se" in result.stdout


def test_a_closed_pipe_is_no_error(folder):
    command = f"{sys.executable} -m sciatrial show parameters | head -n 1"
    result = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, check=False)
    assert "Traceback" not in result.stderr
    assert "BrokenPipe" not in result.stderr


def test_an_unwritable_compile_cache_is_one_warning_and_the_same_numbers(folder, done):
    blocker = folder / "a-file"
    blocker.write_text("", encoding="utf-8")
    result = sciatrial("rerun", done["folder"], "--json", cwd=folder, XDG_CACHE_HOME=str(blocker))
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("compiled code cannot be kept here") == 1


def test_help_is_quick_to_load():
    code = "import sciatrial.apps.cli, sys; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numba", "pandas", "matplotlib", "statsmodels"} & set(loaded)


def test_the_module_and_the_command_are_the_same():
    assert Path(sys.executable).with_name("sciatrial").exists()


def test_a_run_from_a_posterior_is_called_so_everywhere(tmp_path):
    posterior_of().save(tmp_path / "fitted")
    (tmp_path / "small.toml").write_text(with_posterior(SMALL, "fitted"), encoding="utf-8")
    first = sciatrial("run", "small.toml", "--quick", "--json", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    made = json.loads(first.stdout)
    assert made["calibrated"] is True
    again = sciatrial("run", "small.toml", "--quick", cwd=tmp_path)
    assert "Posterior draws, calibrated to published trials" in again.stdout
    assert "prior draws" not in again.stdout.lower()
    shown = sciatrial("show", made["folder"], "--json", cwd=tmp_path)
    scenarios = dict.fromkeys(row["scenario"] for row in json.loads(shown.stdout))
    assert list(scenarios) == ["posterior", "reference", "no_cell_effect"]


def test_check_finds_a_missing_posterior(tmp_path):
    (tmp_path / "small.toml").write_text(with_posterior(SMALL, "nowhere"), encoding="utf-8")
    result = sciatrial("check", "small.toml", cwd=tmp_path)
    assert result.returncode == 1
    assert "calibration.parameters: there is no folder 'nowhere'" in result.stderr
