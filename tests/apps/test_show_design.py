import json

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
