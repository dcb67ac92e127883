import re

import pytest
from typer.testing import CliRunner

from sciatrial.apps.cli import app
from sciatrial.apps.show import TOPICS, shown
from sciatrial.foundation import StudyError


@pytest.mark.parametrize("topic", [topic for topic in TOPICS if topic != "runs"])
def test_a_topic_shows_rows(topic):
    table = shown(topic, {})
    assert len(table.frame) > 0
    assert table.title


def test_evidence_is_filtered():
    frame = shown("evidence", {"cell_type": "mpc", "outcome": "back_pain"}).frame
    assert set(frame["cell_type"]) == {"mpc"}
    assert set(frame["outcome"]) == {"back_pain"}


def test_a_mechanism_is_shown_with_its_law():
    frame = shown("mechanisms", {}).frame.set_index("mechanism")
    assert frame.loc["oedema_clearance", "law_per_day"] == "oedema_clearance_rate * root_oedema"
    assert frame.loc["oedema_clearance", "changes"] == "−root_oedema"


def test_a_harm_that_nobody_had_is_shown_by_its_bound():
    table = shown("harms", {})
    tumour = table.frame.set_index(["harm", "exposure"]).loc[("tumour", "cells")]
    assert tumour["chance"] == "none of 38; up to 14.6 %"
    assert tumour[["percent", "low", "high"]].isna().all()
    assert "not estimable" in set(table.narrow["chance"])


def test_what_a_reader_gets_is_rounded(capsys):
    shown("harms", {}).print(0)
    printed = capsys.readouterr().out
    assert "none of 38; up to 14.6 %" in printed
    assert not re.search(r"\d\.\d{9}", printed)


def test_the_assumptions_behind_harms_are_among_the_parameters():
    frame = shown("parameters", {}).frame.set_index("parameter")
    assert frame.loc[["harm_count_overdispersion", "harm_prior_events"], "basis"].tolist() == ["assumed", "assumed"]


def test_the_help_names_every_topic():
    told = CliRunner().invoke(app, ["show", "--help"], terminal_width=200).output
    assert all(topic in told for topic in TOPICS)


def test_a_topic_that_there_is_not_names_the_nearest():
    with pytest.raises(StudyError, match="'mechanisms'"):
        shown("mechanism", {})


def test_filters_where_there_is_nothing_to_filter_are_refused():
    with pytest.raises(StudyError, match="--cell-type"):
        shown("mechanisms", {"cell_type": "mpc"})


def test_runs_are_listed_from_the_folder_where_one_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(shown("runs", {}).frame) == 0
    (tmp_path / "runs" / ".study-abc.partial").mkdir(parents=True)
    assert shown("runs", {}).frame["state"].str.startswith("interrupted").tolist() == [True]


def test_a_terminal_gets_fewer_columns_of_the_same_rows():
    table = shown("evidence", {"cell_type": "mpc"})
    assert len(table.narrow) == len(table.frame)
    assert table.narrow["received"].iloc[0] == "mpc 6 M, intradiscal"
    assert len(table.narrow.columns) < len(table.frame.columns)
