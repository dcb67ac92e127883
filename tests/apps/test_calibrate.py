import json
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from typer.testing import CliRunner

from sciatrial.apps.cli import app
from sciatrial.calibration import Posterior
from sciatrial.population import PopulationComparison
from sciatrial.report import population_lines
from tests.calibration.small import small_fit
from tests.report.compared import compared_with

STUDY = Path("studies/mpc_intradiscal.toml")


@pytest.fixture
def looked(monkeypatch):
    """Stand in for the look at patients at the door; return what was asked for."""
    seen = []

    def compare(posterior, evidence, **words):
        seen.append(SimpleNamespace(posterior=posterior, **words))
        return compared_with(posterior)

    monkeypatch.setattr("sciatrial.calibration.posterior_population", compare)
    return seen


@pytest.fixture
def asked(monkeypatch, looked):
    """Stand in for the work, with a real fit; return what was asked for."""
    seen = []

    def work(evidence, prior, **words):
        seen.append(SimpleNamespace(evidence=evidence, **words))
        (words["folder"]).mkdir(parents=True, exist_ok=True)
        return small_fit()

    monkeypatch.setattr("sciatrial.calibration.calibrate", work)
    return seen


def run(*words: object):
    return CliRunner().invoke(app, ["calibrate", *map(str, words)])


def test_posterior_tables_and_page_lie_in_the_folder(asked, tmp_path):
    result = run("--out", tmp_path / "fit")
    assert result.exit_code == 0, result.output
    names = {path.name for path in (tmp_path / "fit").iterdir()}
    tables = ("parameters", "effects", "checks", "cells", "predictive", "prior_predictive", "reached", "influence",
              "confounded", "sensitivity", "unused")  # fmt: skip
    assert {"runs", "posterior", "calibration.html", *(f"{name}.csv" for name in tables)} <= names
    assert Posterior.load(tmp_path / "fit" / "posterior").fingerprint() == small_fit().posterior.fingerprint()


def test_runs_are_kept_inside_the_folder(asked, tmp_path):
    run("--out", tmp_path / "fit")
    assert asked[0].folder == tmp_path / "fit" / "runs"


def test_what_is_printed_begins_with_the_failure_and_bars_claims_for_leg_pain(asked, tmp_path):
    told = run("--out", tmp_path / "fit").stdout
    assert told.startswith("NOT CONVERGED")
    assert "No effect of cells at all: 6 % to" in told
    assert "leg pain, month 12: no claim for leg pain: no controlled data" in told
    assert "back pain, month 12\n    Reference fit: " in told
    assert f"Page: {tmp_path / 'fit' / 'calibration.html'}" in told


def test_json_holds_the_same_for_machines(asked, tmp_path):
    told = json.loads(run("--out", tmp_path / "fit", "--json").stdout)
    assert told["converged"] is False
    assert {row["claim"] for row in told["cells"] if "leg pain" in row["question"]} == {
        "no claim for leg pain: no controlled data"
    }
    assert told["page"].endswith("calibration.html")


def test_a_finished_calibration_is_refused_before_any_work(asked, tmp_path):
    (tmp_path / "posterior").mkdir()
    result = run("--out", tmp_path)
    assert result.exit_code == 1
    assert "already exists" in result.output
    assert not asked


def test_a_folder_with_other_things_is_refused(asked, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    result = run("--out", tmp_path)
    assert result.exit_code == 1
    assert "holds something else" in result.output
    assert not asked


def test_an_interrupted_calibration_goes_on_in_its_folder(monkeypatch, tmp_path):
    def interrupted(evidence, prior, **words):
        words["folder"].mkdir(parents=True, exist_ok=True)
        raise KeyboardInterrupt

    monkeypatch.setattr("sciatrial.calibration.calibrate", interrupted)
    for _ in range(2):
        result = run("--out", tmp_path / "fit")
        assert result.exit_code == 130
        assert "What was finished is kept; the same command goes on from there." in result.output


def test_without_a_sampler_it_is_refused_at_once_and_told_how_to_install(asked, monkeypatch, tmp_path):
    monkeypatch.setattr("sciatrial.apps.calibrate.find_spec", lambda name: None)
    result = run("--out", tmp_path / "fit")
    assert result.exit_code == 1
    assert "bayes" in result.output
    assert not asked
    assert not (tmp_path / "fit").exists()


def test_options_reach_the_work(asked, tmp_path):
    run("--out", tmp_path / "fit", "--quick", "--seed", 7, "--inclusion", 0.16, "--workers", 3)
    settings = asked[0].settings
    assert (settings.seed, settings.inclusion_probability, asked[0].workers) == (7, 0.16, 3)
    assert settings.n_second == 0
    assert "quick run" in (tmp_path / "fit" / "calibration.html").read_text(encoding="utf-8")


def test_a_study_file_gives_its_inclusion_probability_and_an_option_overrides_it(asked, tmp_path):
    text = STUDY.read_text(encoding="utf-8").replace("inclusion_probability = 0.5", "inclusion_probability = 0.3")
    study = tmp_path / "own.toml"
    study.write_text(text, encoding="utf-8")
    run(study, "--out", tmp_path / "a")
    run(study, "--out", tmp_path / "b", "--inclusion", 0.4)
    assert [one.settings.inclusion_probability for one in asked] == [0.3, 0.4]


def test_a_posterior_is_shown_with_its_checks_and_effects(tmp_path):
    folder = small_fit().posterior.save(tmp_path / "posterior")
    result = CliRunner().invoke(app, ["show", "posterior", "--posterior", str(folder)])
    assert result.exit_code == 0, result.output
    assert "resorption_rate" in result.stdout
    assert "NOT CONVERGED" in result.output
    assert "No effect of cells at all" in result.output


def test_a_posterior_is_drawn_and_printed_for_machines(tmp_path):
    folder = small_fit().posterior.save(tmp_path / "posterior")
    words = ["show", "posterior", "--posterior", str(folder), "--json", "--picture", str(tmp_path / "effects.svg")]
    frame = pd.DataFrame(json.loads(CliRunner().invoke(app, words).stdout))
    assert len(frame) == len(small_fit().posterior.parameters)
    assert (tmp_path / "effects.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_tables_have_no_meaning_beside_a_posterior(tmp_path):
    result = CliRunner().invoke(app, ["show", "posterior", "--tables", str(tmp_path)])
    assert result.exit_code == 1
    assert "not of this topic" in result.output


def test_patients_at_the_door_are_compared_kept_and_told(asked, looked, tmp_path):
    told = run("--out", tmp_path / "fit").stdout
    kept = PopulationComparison.load(tmp_path / "fit" / "population")
    assert kept.is_of(small_fit().posterior.fingerprint())
    assert population_lines(kept)[0] in told
    assert looked[0].posterior is small_fit().posterior
    page = (tmp_path / "fit" / "calibration.html").read_text(encoding="utf-8")
    assert "Not compared here" not in page


def test_a_quick_look_compares_few_patients(asked, looked, tmp_path):
    run("--out", tmp_path / "fit", "--quick")
    assert looked[0].n_patients <= 200
    assert looked[0].n_draws <= 10


def test_show_finds_the_comparison_beside_the_posterior(asked, tmp_path):
    run("--out", tmp_path / "fit")
    words = ["show", "population", "--posterior", str(tmp_path / "fit" / "posterior"), "--json"]
    rows = json.loads(CliRunner().invoke(app, words).stdout)
    assert len(rows) == len(compared_with(small_fit().posterior).table())
