import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sciatrial.apps.cli import app
from tests.study.conftest import SMALL


def show(*words, fails=False):
    result = CliRunner().invoke(app, ["show", *words])
    assert result.exit_code == (1 if fails else 0), result.output
    return result


LOOKS = 'looks = { information = [0.5], spending = { kind = "pocock" } }\naccrual = { per_month = 3 }\nn_total = 60\n'


@pytest.fixture
def study(tmp_path):
    path = tmp_path / "looked-at.toml"
    path.write_text(SMALL.replace("n_total          = 12\n", LOOKS), encoding="utf-8")
    return str(path)


def test_the_design_of_a_study_has_a_row_for_each_comparison_and_look(study):
    rows = json.loads(show("design", study, "--json").stdout)
    assert [row["look"] for row in rows] == [1, 2]
    assert rows[0]["efficacy_z"] == pytest.approx(rows[1]["efficacy_z"])
    assert rows[0]["month"] < rows[1]["month"]


def test_the_r_code_is_printed_when_it_is_asked_for(study):
    assert "rpact::getDesignGroupSequential" in show("design", study, "--show-r").stdout
    assert "rpact" not in show("design", study).stdout


def test_a_design_without_a_study_and_a_study_without_a_design_are_refused(study):
    assert "STUDY: is missing" in show("design", fails=True).stderr
    assert "only `show design` and `show safety` take one" in show("cohorts", study, fails=True).stderr
    assert "--outcome: not of this topic" in show("design", study, "--outcome", "pain", fails=True).stderr


def test_every_problem_of_the_study_is_told(tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text(SMALL.replace("n_total          = 12\n", LOOKS.replace("0.5", "1.5")), encoding="utf-8")
    assert "at or beyond full information" in show("design", str(path), fails=True).stderr


STUDY = Path(__file__).parents[2] / "studies" / "cell_sources_select.toml"


def test_several_arms_are_told_by_simulated_statistics_and_the_r_code_says_what_it_cannot():
    told = show("design", str(STUDY), "--show-r")
    assert "no arm has an effect: any shown 2.4" in told.stderr
    assert "rpact has no such selection" in told.stdout


def test_a_size_that_is_estimated_anew_is_told_with_its_power(tmp_path):
    words = STUDY.read_text(encoding="utf-8").partition("[trial.multi_arm]")[0]
    arms = STUDY.read_text(encoding="utf-8").partition("[arms.cord]")
    saline = "[arms.saline]" + arms[2].partition("[arms.saline]")[2]
    marrow = "[arms.marrow]" + arms[0].partition("[arms.marrow]")[2]
    rule = '[trial.reestimation]\nkind = "promising_zone"\nlowest = 0.3\nmost = 300\n'
    path = tmp_path / "anew.toml"
    path.write_text("\n".join([words, rule, marrow, saline]), encoding="utf-8")
    told = show("design", str(path), "--show-r")
    assert "Size anew at the look" in told.stderr
    assert "calcSubjectsFunction" in told.stdout


def test_a_subgroup_is_planned_with_error_power_and_selections():
    study = Path(__file__).parents[2] / "studies" / "enrich_inflamed.toml"
    found = show("design", str(study), "--show-r")
    told = found.stdout + found.stderr
    assert "nobody benefits: full shown" in told
    assert "Each bound is that of the full population" in told
    assert "# rpact has no such selection of populations" in told
