"""The verbs `sensitivity` and `attribute`, as a user calls them."""

import pytest
from typer.testing import CliRunner

from sciatrial.apps.cli import app

STUDY = "studies/epidural_cells_radicular.toml"


def run(*words):
    return CliRunner().invoke(app, [*map(str, words)])


def test_a_sensitivity_analysis_leaves_tables_and_pictures_and_no_parts(tmp_path):
    out = tmp_path / "out"
    result = run(
        "sensitivity", STUDY, "--out", out, "--months", "3", "--patients", 6, "--trajectories", 2, "--shares", 2,
        "--base-points", 2,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert len(list(out.glob("*.svg"))) == 8
    assert (out / "effects.csv").exists()
    assert "leg_pain, month 3" in result.stdout
    assert not out.with_name("out.parts").exists()
    assert run("sensitivity", STUDY, "--out", out).exit_code == 1


def test_an_arm_is_divided_and_drawn(tmp_path):
    result = run("attribute", STUDY, "--draws", 0, "--patients", 10, "--months", "3", "--picture", tmp_path / "a.svg")
    assert result.exit_code == 0, result.output
    assert "less_inflammation" in result.stdout
    assert (tmp_path / "a.svg").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("attribute", STUDY, "--arm", "cels"), "arm"),
        (("attribute", STUDY, "--months", "three"), "numbers separated by commas"),
        (("sensitivity", STUDY, "--out", "new", "--outcome", "leg_pian"), "leg_pain"),
    ],
)
def test_a_mistake_is_told_with_what_to_do(words, told):
    result = run(*words)
    assert result.exit_code == 1
    assert told in result.stderr


def test_a_folder_of_somebody_elses_is_never_removed(tmp_path):
    out = tmp_path / "out"
    mine = tmp_path / "out.parts"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work", encoding="utf-8")
    result = run("sensitivity", STUDY, "--out", out, "--months", "3", "--patients", 4)
    assert result.exit_code == 1
    assert "was not made by this command" in result.stderr
    assert (mine / "thesis.txt").read_text(encoding="utf-8") == "years of work"


def test_quality_of_life_is_told_on_its_own_scale_and_with_its_own_direction():
    result = run("attribute", STUDY, "--draws", 0, "--patients", 10, "--months", "3", "--outcome", "quality_of_life")
    assert "above 0 is relief" in result.stdout
    assert "on a scale up to 1" in result.stdout
    assert "+0.0  (" not in result.stdout
