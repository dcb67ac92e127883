"""The verbs `sensitivity` and `attribute`, as a user calls them."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sciatrial.apps.cli import app
from tests.study.conftest import SMALL, posterior_of, with_posterior

STUDY = str(Path("studies/epidural_cells_radicular.toml").absolute())


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
    assert "less its carrier's, saline alone" in result.stdout
    kept = json.loads((out / "record.json").read_text(encoding="utf-8"))["values"]
    told = {name: kept[name] for name in ("study", "arm", "control", "seed", "trajectories", "base_points")}
    assert told == {
        "study": "epidural-cells-radicular", "arm": "cells", "control": "saline", "seed": 20261124, "trajectories": 2,
        "base_points": 2,
    }  # fmt: skip
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
        (("attribute", STUDY, "--months", "999"), "--months: is 999"),
        (("attribute", STUDY, "--months", "nan"), "--months: is nan"),
        (("attribute", STUDY, "--months", "inf,3"), "up to 60"),
        (("attribute", STUDY, "--months", "0"), "above 0"),
        (("attribute", STUDY, "--picture", "relief.txt"), ".svg, .png, .pdf"),
        (("attribute", STUDY, "--picture", "none/relief.svg"), "a folder that exists"),
        (("sensitivity", STUDY, "--out", "new", "--outcome", "leg_pian"), "leg_pain"),
        (("sensitivity", STUDY, "--out", "new", "--months", "999"), "--months: is 999"),
        (("sensitivity", STUDY, "--out", "new", "--base-points", "3"), "a power of 2"),
        (("sensitivity", STUDY, "--out", "new", "--trajectories", "1"), "2 or more"),
        (("sensitivity", STUDY, "--out", "new", "--shares", "1"), "2 or more, or 0"),
    ],
)
def test_a_mistake_is_told_with_what_to_do_and_leaves_nothing(words, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*words)
    assert result.exit_code == 1
    assert told in result.stderr
    assert not list(tmp_path.iterdir())


def test_a_missing_library_leaves_no_folder(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "SALib", None)
    result = run("sensitivity", STUDY, "--out", tmp_path / "out")
    assert "pip install -e ." in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="this system has no /proc")
def test_a_folder_that_cannot_be_made_is_told_before_the_work():
    result = run("sensitivity", STUDY, "--out", "/proc/out")
    assert result.exit_code == 1
    assert "/proc/out" in result.stderr
    assert "cannot be written" in result.stderr


def test_too_little_memory_is_told(monkeypatch):
    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr("sciatrial.trial.attribute", fail)
    result = run("attribute", STUDY, "--draws", 0)
    assert result.exit_code == 1
    assert "not enough memory" in result.stderr
    assert "fewer --patients" in result.stderr


def test_a_part_without_any_effect_has_no_sign():
    result = run("attribute", STUDY, "--draws", 0, "--patients", 4, "--months", "1")
    assert "0.0" in result.stdout
    assert "+0.0" not in result.stdout
    assert "-0.0" not in result.stdout


@pytest.mark.parametrize("ending", ["png", "PDF"])
def test_a_picture_has_the_format_of_its_name(ending, tmp_path):
    path = tmp_path / f"relief.{ending}"
    result = run("attribute", STUDY, "--draws", 0, "--patients", 4, "--months", "1", "--picture", path)
    assert result.exit_code == 0, result.output
    assert path.read_bytes()[:4] == (b"\x89PNG" if ending == "png" else b"%PDF")


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


def test_an_arm_is_divided_over_the_draws_of_a_posterior(tmp_path):
    posterior_of().save(tmp_path / "fitted")
    (tmp_path / "small.toml").write_text(with_posterior(SMALL, "fitted"), encoding="utf-8")
    result = run("attribute", tmp_path / "small.toml", "--draws", 2, "--patients", 4, "--months", "1")
    assert result.exit_code == 0, result.output
    assert "2 posterior draws, calibrated to published trials" in result.stdout
