import json

import pytest
from typer.testing import CliRunner

from sciatrial.apps.cli import app
from tests.study.conftest import SMALL

SAFETY = """
[trial.safety]
follow_up_months = 60
rates    = [ { event = "tumour", share = 0.01 }, { event = "nerve injury", per_patient_year = 0.002 } ]
stopping = { event = "serious adverse event", arm = "cells", acceptable = 0.05, every = 2 }

[arms.cells]
"""


def show(*words, fails=False):
    result = CliRunner().invoke(app, ["show", *words])
    assert result.exit_code == (1 if fails else 0), result.output
    return result


def written(folder, text):
    path = folder / "safe.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.fixture
def study(tmp_path):
    return written(tmp_path, SMALL.replace("\n[arms.cells]\n", SAFETY))


def test_rates_of_the_study_and_of_published_counts_are_told(study):
    rows = {row["event"]: row for row in json.loads(show("safety", study, "--json").stdout)}
    assert rows["tumour"]["to_see"] == 299
    assert rows["nerve injury"]["unit"] == "per_patient_year"
    assert rows["nerve injury"]["to_see_1_year"] > rows["nerve injury"]["to_see_5_years"]
    assert "tumour of cells" in rows


def test_the_boundary_for_harm_is_told_with_what_it_does(study):
    told = show("safety", study).stderr
    assert "serious adverse event in arm cells" in told
    assert "stops for harm" in told


def test_a_study_that_plans_nothing_has_the_harms_of_the_tables_alone(tmp_path):
    found = show("safety", written(tmp_path, SMALL), "--json").stdout
    assert {row["rate_from"] for row in json.loads(found)} == {"median", "upper_bound"}


def test_options_of_other_topics_and_a_missing_study_are_refused(study):
    assert "--show-r: not of this topic" in show("safety", study, "--show-r", fails=True).stderr
    assert "STUDY: is missing" in show("safety", fails=True).stderr


def test_a_boundary_of_an_unknown_arm_is_told(tmp_path):
    wrong = SMALL.replace("\n[arms.cells]\n", SAFETY.replace('arm = "cells"', 'arm = "cell"'))
    assert "trial.safety.stopping.arm" in show("safety", written(tmp_path, wrong), fails=True).stderr
