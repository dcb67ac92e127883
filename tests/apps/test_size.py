import json

import pytest
from typer.testing import CliRunner

from sciatrial.apps.cli import app
from tests.study.conftest import SMALL

QUICK = ("--trials", "30", "--smallest", "8", "--largest", "16")


@pytest.fixture
def study(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(SMALL, encoding="utf-8")
    return str(path)


def size(*words, code=0):
    result = CliRunner().invoke(app, ["size", *words])
    assert result.exit_code == code, result.output
    return result


def test_a_size_is_found_and_drawn(study, tmp_path):
    picture = tmp_path / "sizes.svg"
    result = size(study, "--power", "0.02", *QUICK, "--picture", str(picture), "--json")
    found = json.loads(result.stdout)
    assert found["quantity"] == "power"
    assert found["n_total"] in {row["n_total"] for row in found["curve"]}
    assert picture.stat().st_size > 1000


def test_a_size_that_is_not_there_is_a_problem_beside_the_curve(study):
    result = size(study, "--power", "0.999", *QUICK, code=1)
    assert "is not reached" in result.stdout
    assert "raise --largest" in result.stderr


def test_power_and_assurance_are_searched_apart(study):
    assert "one of the two" in size(study, "--power", "0.9", "--assurance", "0.5", code=1).stderr


def test_a_picture_of_an_unknown_kind_is_refused_first(study):
    assert "sizes.doc" in size(study, "--picture", "sizes.doc", code=1).stderr
