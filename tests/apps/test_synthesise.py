import pandas as pd
import pytest
from typer.testing import CliRunner

from sciatrial.apps.cli import app


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
