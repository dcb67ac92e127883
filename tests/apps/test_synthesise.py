import pandas as pd
import pytest
from typer.testing import CliRunner

from sciatrial.apps.cli import app
from sciatrial.apps.synthesise import _marked


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a finished folder and what was printed; effects over time are tested where they are fitted."""
    folder = tmp_path_factory.mktemp("synthesis") / "out"
    result = CliRunner().invoke(app, ["synthesise", "--out", str(folder), "--no-courses"])
    assert result.exit_code == 0, result.output
    return folder, result


def test_the_page_and_every_table_lie_in_the_folder(made):
    folder, _ = made
    names = {path.name for path in folder.iterdir()}
    assert {"report.html", "summary.csv", "trials.csv", "certainty.csv", "unused.csv", "assumed.csv"} <= names


def test_the_summary_is_printed_with_its_certainty(made):
    _, result = made
    assert "leg pain at 12 months: no trial with numbers" in result.stdout
    assert "certainty very low" in result.stdout


def test_the_tables_hold_the_numbers_that_were_printed(made):
    folder, result = made
    summary = pd.read_csv(folder / "summary.csv")
    row = summary[(summary["outcome"] == "pain") & (summary["month"] == 12)].iloc[0]
    assert f"{row['estimate']:.3g} points of 100" in result.stdout


def test_a_folder_that_is_there_is_never_written_over(made):
    folder, _ = made
    result = CliRunner().invoke(app, ["synthesise", "--out", str(folder), "--no-courses"])
    assert result.exit_code == 1
    assert "already exists" in result.output


def test_without_a_sampler_it_is_refused_at_once_and_told_how_to_go_on(monkeypatch, tmp_path):
    monkeypatch.setattr("sciatrial.apps.synthesise.find_spec", lambda name: None)
    result = CliRunner().invoke(app, ["synthesise", "--out", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "--no-courses" in result.output
    assert not (tmp_path / "out").exists()


def test_months_that_nobody_observed_are_marked():
    class Fitted:
        observed_months = pd.DataFrame({"treatment": ["cells"], "last": [12.0]})

    frame = pd.DataFrame({"treatment": ["cells", "cells"], "month": [12.0, 24.0]})
    assert _marked(Fitted(), frame)["is_observed"].tolist() == [True, False]
