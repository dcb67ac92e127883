"""What `show` tells of the trials together: every topic, its options, its picture."""

import json

import pytest
from typer.testing import CliRunner

from sciatrial.apps.cli import app
from sciatrial.apps.show_synthesis import TOPICS
from sciatrial.foundation import StudyError
from tests.report.compared import compared_with
from tests.study.conftest import posterior_of


@pytest.fixture(scope="module")
def show():
    runner = CliRunner()
    return lambda *words: runner.invoke(app, ["show", *words])


# effects over time are sampled, which takes half a minute: they are shown once, below; a posterior is shown where one
# is made, in test_calibrate
QUICK = [topic for topic in TOPICS if topic not in ("courses", "posterior")]


@pytest.mark.parametrize("topic", QUICK)
def test_every_topic_is_shown_as_json(show, topic):
    result = show(topic, "--json")
    assert result.exit_code == 0, result.output
    assert isinstance(json.loads(result.stdout), list)


@pytest.mark.parametrize("topic", [name for name in QUICK if "picture" in TOPICS[name].options])
def test_a_topic_that_can_be_drawn_is_drawn(show, topic, tmp_path):
    picture = tmp_path / f"{topic}.svg"
    assert show(topic, "--picture", str(picture)).exit_code == 0
    assert "<svg" in picture.read_text(encoding="utf-8")


def test_a_question_with_an_answer_quotes_it(show):
    rows = json.loads(show("pooled", "--outcome", "pain", "--month", "12", "--json").stdout)
    assert rows[0]["model"] == "the trial itself"


def test_the_r_code_follows_the_table(show):
    assert "library(metafor)" in show("pooled", "--show-r").stdout


def test_a_question_without_an_answer_shows_no_number(show):
    assert json.loads(show("pooled", "--outcome", "leg_pain", "--json").stdout) == []


def test_cells_at_the_root_are_rows_of_the_map(show):
    rows = json.loads(show("evidence-map", "--json").stdout)
    at_root = [row for row in rows if row["route"] == "perineural" and row["outcome"] == "leg_pain"]
    assert at_root
    assert all(row["best"] == "none" for row in at_root)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("directness", "--month", "12"), "--month: not of this topic"),
        (("pooled", "--route", "intradiscal"), "--route: nothing to filter"),
        (("evidence", "--month", "12"), "--month: nothing to filter"),
        (("pooled", "--month", "7"), "there is no visit 7"),
        (("pooled", "--outcome", "leg_pian"), "leg_pain"),
        (("moderators", "--by", "doze"), "dose"),
        (("pooled", "--tables", "nowhere"), "there is no such folder"),
        (("pooled", "--treatment", "cels"), "cell_therapy"),
        (("pooledd",), "did you mean 'pooled'?"),
    ],
)
def test_what_cannot_be_shown_is_told_with_what_can(show, words, told):
    result = show(*words)
    assert result.exit_code == 1
    assert told in result.output


def test_a_picture_of_a_kind_that_is_none_is_told(show, tmp_path):
    result = show("forest", "--picture", str(tmp_path / "forest.txt"))
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit | StudyError)


def test_effects_over_time_are_shown_and_drawn(show, tmp_path):
    picture = tmp_path / "courses.svg"
    result = show("courses", "--picture", str(picture), "--json")
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout[result.stdout.index("[") :])
    assert "cell_therapy: mpc" in {row["treatment"] for row in rows}
    assert "<svg" in picture.read_text(encoding="utf-8")


def test_patients_at_the_door_are_shown_with_every_verdict_and_every_reason(show):
    rows = json.loads(show("population", "--json").stdout)
    verdicts = {row["verdict"] for row in rows}
    assert verdicts == {"met", "not met", "not comparable"}
    assert all(row["why"] for row in rows if row["verdict"] == "not comparable")
    told = show("population").stderr
    assert "published numbers on patients at the door" in told
    assert "Beyond the distance even with weights" in told


def test_patients_of_a_posterior_that_nobody_compared_are_compared_at_once(show, tmp_path, monkeypatch):
    asked = []

    def compare(posterior, evidence, **words):
        asked.append(posterior)
        return compared_with(posterior)

    monkeypatch.setattr("sciatrial.calibration.posterior_population", compare)
    posterior_of().save(tmp_path / "posterior")
    result = show("population", "--posterior", str(tmp_path / "posterior"), "--json")
    assert result.exit_code == 0, result.output
    assert [one.fingerprint() for one in asked] == [posterior_of().fingerprint()]
