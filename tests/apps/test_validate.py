import json

import numpy as np
import pytest
from typer.testing import CliRunner

from sciatrial.apps.cli import app
from tests.calibration.unseen import folder_of, prior_as_posterior, unseen_evidence, wild

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Return a folder of studies and one of a saved posterior."""
    folder = tmp_path_factory.mktemp("validate")
    return folder_of(unseen_evidence(), folder / "tables"), prior_as_posterior().save(folder / "posterior")


@pytest.fixture(scope="module")
def made(folders, tmp_path_factory):
    tables, posterior = folders
    out = tmp_path_factory.mktemp("made") / "out"
    options = ["--posterior", str(posterior), "--out", str(out), "--json", "--report", "--quick"]
    result = RUNNER.invoke(app, ["validate", str(tables), *options])
    assert result.exit_code == 0, result.output
    return out, result


def test_json_has_every_promised_number(made):
    told = json.loads(made[1].stdout)
    promised = {"n_studies", "n_predicted", "coverage_50", "coverage_90", "crps", "crps_baseline", "not_predicted"}
    assert promised <= set(told)
    assert told["n_studies"] == 2
    assert all(row["reason"] for row in told["not_predicted"])


def test_predictions_scores_and_page_lie_in_the_folder(made):
    out, _ = made
    assert (out / "predictions" / "record.json").is_file()
    assert (out / "validation" / "scores.csv").is_file()
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Decisions belong with a qualified clinician" in page
    assert "after 37 months" in page


def test_the_page_of_credibility_lies_beside_it(made):
    out, _ = made
    assert (out / "credibility" / "factors.csv").is_file()
    page = (out / "credibility.html").read_text(encoding="utf-8")
    assert "Goals and evidence" in page
    assert "studies predicted blind" in page.lower()


def test_predictions_are_on_disk_before_results_are_read(folders, tmp_path, monkeypatch):
    tables, posterior = folders
    out, seen = tmp_path / "out", []

    def watched(predictions, tables):
        seen.append((predictions / "record.json").is_file())
        raise KeyboardInterrupt

    monkeypatch.setattr("sciatrial.calibration.score_blind", watched)
    result = RUNNER.invoke(app, ["validate", str(tables), "--posterior", str(posterior), "--out", str(out), "--quick"])
    assert seen == [True]
    assert result.exit_code == 130


def test_other_results_leave_the_predictions_of_the_command_the_same(made, folders, tmp_path):
    _, posterior = folders
    tables, out = folder_of(wild(unseen_evidence()), tmp_path / "tables"), tmp_path / "out"
    options = ["--posterior", str(posterior), "--out", str(out), "--quick"]
    result = RUNNER.invoke(app, ["validate", str(tables), *options])
    assert "could not be predicted" in result.stdout
    draws = [np.load(folder / "predictions" / "mechanism.npy") for folder in (made[0], out)]
    assert np.array_equal(*draws)


def test_studies_that_are_known_give_a_list_and_exit_1(folders, tmp_path):
    tables = folder_of(unseen_evidence(renamed=False), tmp_path / "tables")
    options = ["--posterior", str(folders[1]), "--out", str(tmp_path / "out"), "--json", "--quick"]
    result = RUNNER.invoke(app, ["validate", str(tables), *options])
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["n_predicted"] == 0
    assert told["not_predicted"][0]["reason"].startswith("not blind")


def test_a_folder_that_is_there_is_never_written_over(made, folders):
    result = RUNNER.invoke(app, ["validate", str(folders[0]), "--out", str(made[0])])
    assert result.exit_code == 1
    assert "already exists" in result.output


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "--calibration: is missing"),
        (["--posterior", "somewhere"], "--posterior: goes with TABLES only"),
        (["tables", "--calibration", "somewhere"], "--calibration: goes without TABLES only"),
        (["--calibration", "somewhere"], "has no folder runs"),
    ],
)
def test_what_does_not_go_together_is_refused(options, told, tmp_path):
    result = RUNNER.invoke(app, ["validate", *options, "--out", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert told in result.output
    assert not (tmp_path / "out").exists()
