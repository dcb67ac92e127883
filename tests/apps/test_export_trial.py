"""`sciatrial export adam|usdm|facts`, as a user calls it."""

import json
from pathlib import Path

import pyreadstat
import pytest
from typer.testing import CliRunner

from sciatrial.apps.cli import app

STUDY = "studies/epidural_cells_radicular.toml"
SMALL = ("--set", "trial.n_total=12")


def run(*words):
    return CliRunner().invoke(app, ["export", *map(str, words)])


def test_a_trial_is_written_with_its_numbers(tmp_path):
    folder = tmp_path / "adam"
    result = run("adam", STUDY, folder, "--trial", 3, "--scenario", "no_cell_effect", *SMALL)
    assert result.exit_code == 0
    assert str(folder) in result.stdout.replace("\n", "")
    assert "Trial 3 of scenario no_cell_effect: ADSL 12 rows" in result.stderr
    frame, _ = pyreadstat.read_xport(folder / "adsl.xpt")
    assert set(frame["SIMSCEN"]) == {"no_cell_effect"}
    assert [path.name for path in tmp_path.iterdir()] == ["adam"]


def test_the_same_trial_is_the_same_again(tmp_path):
    for name in ("one", "two"):
        assert run("adam", STUDY, tmp_path / name, *SMALL).exit_code == 0
    one, two = (pyreadstat.read_xport(tmp_path / name / "adqs.xpt")[0] for name in ("one", "two"))
    assert one.equals(two)


def test_a_folder_is_replaced_by_force_alone_and_only_where_it_holds_nothing_else(tmp_path):
    folder = tmp_path / "adam"
    assert run("adam", STUDY, folder, *SMALL).exit_code == 0
    again = run("adam", STUDY, folder, *SMALL)
    assert (again.exit_code, "already exists" in again.stderr) == (1, True)
    (folder / "mine.txt").write_text("mine", encoding="utf-8")
    refused = run("adam", STUDY, folder, "--force", *SMALL)
    assert refused.exit_code == 1
    assert "holds mine.txt" in refused.stderr
    (folder / "mine.txt").unlink()
    (folder / "adverse.json").write_text("mine", encoding="utf-8")
    refused = run("adam", STUDY, folder, "--force", *SMALL)
    assert (refused.exit_code, "holds adverse.json" in refused.stderr) == (1, True)
    (folder / "adverse.json").unlink()
    assert run("adam", STUDY, folder, "--force", "--trial", 5, *SMALL).exit_code == 0
    assert "Trial 5" in (folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--trial", "100"), "0 to 99"),
        (("--scenario", "no_cells_effect"), "did you mean 'no_cell_effect'"),
        (("--set", 'arms.größe={ intervention="sham", route="perineural" }', "--set",
          "trial.allocation={ cells=1, saline=1, steroid=1, \"größe\"=1 }"), "not ASCII"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_and_nothing_is_left(words, told, tmp_path):
    result = run("adam", STUDY, tmp_path / "adam", *words)
    assert result.exit_code == 1
    assert told in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_design_is_written_as_json(tmp_path):
    path = tmp_path / "usdm.json"
    result = run("usdm", STUDY, path, "--sponsor", "A university", "--sponsor-type", "academic_institution")
    assert result.exit_code == 0
    assert "No sponsor" not in result.stderr
    assert json.loads(path.read_text(encoding="utf-8"))["usdmVersion"] == "4.0.0"
    assert run("usdm", STUDY, path).exit_code == 1
    assert run("usdm", STUDY, path, "--force").exit_code == 0
    wrong = run("usdm", STUDY, tmp_path / "x.json", "--sponsor", "x", "--sponsor-type", "hospital")
    assert (wrong.exit_code, "healthcare_facility" in wrong.stderr) == (1, True)


def test_virtual_patients_are_written_one_file_a_world(tmp_path):
    folder = tmp_path / "facts"
    result = run("facts", STUDY, folder, "--patients", 4, "--trials", 2)
    assert result.exit_code == 0
    assert {path.name for path in folder.iterdir()} == {
        "world00000.dat", "world00001.dat", "README.md", ".sciatrial.json",
    }  # fmt: skip
    lines = (folder / "world00001.dat").read_text(encoding="ascii").splitlines()
    assert len(lines) == 1 + 4 * 3 * 4


def test_an_endpoint_that_facts_cannot_draw_is_told_and_nothing_is_left(tmp_path):
    endpoint = 'trial.endpoint={ outcome="leg_pain", month=6, measure="category", categories=[20, 50] }'
    words = ("--set", endpoint, "--set", "trial.analysis=proportional_odds", "--set",
             'trial.estimand={ rescue="treatment_policy", summary_measure="common_odds_ratio" }')  # fmt: skip
    result = run("facts", STUDY, tmp_path / "facts", *words)
    assert result.exit_code == 1
    assert "endpoint.measure" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("study", sorted(Path("studies").glob("*.toml"), key=str), ids=lambda path: path.stem)
def test_every_shipped_study_is_written_in_every_format(study, tmp_path):
    document = tmp_path / "design.json"
    assert run("usdm", study, document).exit_code == 0
    arms = json.loads(document.read_text(encoding="utf-8"))["study"]["versions"][0]["studyDesigns"][0]["arms"]
    assert run("facts", study, tmp_path / "facts", "--patients", 3, "--trials", 1).exit_code == 0
    lines = (tmp_path / "facts" / "world00000.dat").read_text(encoding="ascii").splitlines()
    assert {line.split(", ")[1] for line in lines[1:]} == {str(place + 1) for place in range(len(arms))}
    assert run("adam", study, tmp_path / "adam", "--set", "trial.n_total=40").exit_code == 0
    frame, _ = pyreadstat.read_xport(tmp_path / "adam" / "adeff.xpt")
    assert len(frame) > 10
    assert "```r" in (tmp_path / "adam" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("trend", ["points_per_year=-15", "step_points=8, step_month=6"])
def test_a_study_with_a_time_trend_has_virtual_patients(trend, tmp_path):
    words = ("--set", f"trial.time_trend={{ {trend} }}", "--set", "trial.accrual={ per_month=6 }")
    assert run("facts", STUDY, tmp_path / "facts", "--patients", 3, "--trials", 1, *words).exit_code == 0
    lines = (tmp_path / "facts" / "world00000.dat").read_text(encoding="ascii").splitlines()
    assert len(lines) == 1 + 3 * 3 * 4
