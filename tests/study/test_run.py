import json
import os
import signal
import subprocess
import sys
import time

import pytest

from sciatrial.calibration import Posterior
from sciatrial.foundation import StudyError
from sciatrial.population import PopulationComparison
from sciatrial.study import read_finished, read_study, run_study
from sciatrial.study.folder import partial_folder
from tests.report.compared import compared_with
from tests.study.conftest import SMALL, posterior_of


class Stop:
    """Progress that asks to stop after some trials."""

    def __init__(self, after):
        self.left = after

    def start(self, label, total):
        pass

    def advance(self, n=1):
        self.left -= n
        return self.left > 0

    def finish(self):
        pass


def prints(folder):
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))["fingerprints"]


def test_a_run_leaves_every_record_and_nothing_half_done(finished):
    names = {path.name for path in finished.folder.iterdir()}
    assert names == {
        "comparison.csv", "draws", "evidence", "operating", "prior.csv", "report.html", "run.json", "study.toml",
        "study_as_given.toml", "trial",
    }  # fmt: skip
    assert [path for path in finished.folder.parent.iterdir() if path.name.startswith(".")] == []


def test_the_study_is_kept_as_it_was_given(finished):
    assert (finished.folder / "study_as_given.toml").read_text(encoding="utf-8") == SMALL


def test_the_records_of_a_run_can_be_read_again(finished):
    again = read_finished(finished.folder)
    assert again.operating.fingerprint() == finished.operating.fingerprint()
    assert prints(finished.folder)["operating"] == again.operating.fingerprint()


def test_a_finished_run_is_not_run_again(finished):
    before = {path: path.stat().st_mtime_ns for path in finished.folder.rglob("*")}
    told = []
    again = run_study(read_study(finished.folder / "study.toml"), out=finished.folder.parent, tell=told.append)
    assert again.was_kept
    assert "kept from" in told[0]
    assert before == {path: path.stat().st_mtime_ns for path in finished.folder.rglob("*")}


def test_an_interrupted_run_goes_on_and_gives_the_same_numbers(finished, small, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run_study(small, out=tmp_path / "runs", progress=Stop(after=15))
    kept = list((tmp_path / "runs").glob(".*.partial/batches/*"))
    assert len(kept) == 2  # twelve trials of the first scenario; the second scenario was cut off
    told = []
    again = run_study(small, out=tmp_path / "runs", tell=told.append)
    assert any("12 kept from before" in line for line in told)
    assert prints(again.folder) == prints(finished.folder)


def test_a_damaged_batch_is_made_again(finished, small, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run_study(small, out=tmp_path / "runs", progress=Stop(after=15))
    batch, _ = sorted((tmp_path / "runs").glob(".*.partial/batches/*"))
    (batch / "trials.csv").write_text("broken", encoding="utf-8")
    assert prints(run_study(small, out=tmp_path / "runs").folder) == prints(finished.folder)


def test_the_seed_moves_the_numbers(finished, small_file, tmp_path):
    other = run_study(read_study(small_file, changes=["seed=12"]), out=tmp_path / "runs")
    assert prints(other.folder)["operating"] != prints(finished.folder)["operating"]


def test_an_output_folder_that_is_a_file_is_told(small, tmp_path):
    (tmp_path / "runs").write_text("mine", encoding="utf-8")
    with pytest.raises(StudyError, match="output folder"):
        run_study(small, out=tmp_path / "runs")
    assert (tmp_path / "runs").read_text(encoding="utf-8") == "mine"


def test_ctrl_c_ends_the_command_with_130_and_keeps_what_was_finished(small_file, tmp_path):
    command = [sys.executable, "-m", "sciatrial", "run", str(small_file), "--out", str(tmp_path / "out"), "--set"]
    process = subprocess.Popen(
        [*command, "simulation.n_trials=400"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
        # what starts the tests in the background may have its children ignore the signal
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    batches = tmp_path / "out"
    for _ in range(600):
        if len([p for p in batches.glob(".*.partial/batches/*") if not p.name.startswith(".")]) >= 2:
            break
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "the same command goes on from there" in errors
    assert "Traceback" not in errors
    assert list(batches.glob(".*.partial/batches/*"))
    assert not [path for path in batches.iterdir() if not path.name.startswith(".")]


def test_the_partial_folder_lies_beside_the_final_one(tmp_path):
    assert partial_folder(tmp_path / "name-abc") == tmp_path / ".name-abc.partial"


def test_a_run_from_a_posterior_keeps_it_and_says_so(from_posterior):
    kept = Posterior.load(from_posterior.folder / "posterior")
    assert prints(from_posterior.folder)["posterior"] == kept.fingerprint() == posterior_of().fingerprint()
    assert from_posterior.operating.drawn == "posterior"
    assert from_posterior.result.name.endswith("of the posterior draws")


def test_a_run_keeps_the_patients_of_its_posterior_beside_published_ones(from_posterior):
    kept = PopulationComparison.load(from_posterior.folder / "population")
    assert kept.fingerprint() == compared_with(posterior_of()).fingerprint()
    assert prints(from_posterior.folder)["population"] == kept.fingerprint()


def test_a_run_says_of_every_room_where_its_numbers_come_from(calibrated_file, tmp_path):
    told = []
    with pytest.raises(KeyboardInterrupt):
        run_study(read_study(calibrated_file), out=tmp_path / "runs", progress=Stop(after=1), tell=told.append)
    assert any(line.startswith("calibration") and "every check of the fit holds" in line for line in told)
    assert any("12 posterior draws of" in line for line in told)
    assert not [line for line in told if "nothing calibrated" in line]


CONDUCT = """
visit_window_days = 7
analysis          = "mmrm"
adjust_for        = ["sex", "site"]

[trial.randomisation]
strata = ["sex", "leg_pain>=60"]

[trial.accrual]
per_month = 6
arrivals  = "poisson"
sites     = { number = 3, rate_shape = 1.5 }

[trial.missing_visits]
probability              = 0.2
mechanism                = "not_at_random"
odds_ratio_per_10_points = 1.3

[trial.dropout_hazard]
ratio_per_10_points = 1.2

[arms.cells]
"""


def test_a_trial_conducted_at_sites_with_missed_visits_runs_to_its_report(tmp_path):
    path = tmp_path / "conducted.toml"
    text = SMALL.replace("[arms.cells]\n", CONDUCT.lstrip("\n"), 1).replace("n_total          = 12", "n_total = 40")
    path.write_text(text.replace("n_trials = 12", "n_trials = 2"), encoding="utf-8")
    run = run_study(read_study(path), out=tmp_path / "runs")
    report = run.report.read_text(encoding="utf-8")
    for told in ("stratified by sex, leg pain ≥ 60", "adjusted for sex, site; not adjusted for leg pain ≥ 60",
                 "at 3 sites", "20 % of visits, not at random", "visits missed", "up to 7 days"):  # fmt: skip
        assert told in report
    assert run.operating.trials["months"].nunique() > 3  # trials differ in their length
    assert set(run.result.patients["site"]) <= {1, 2, 3}
    assert run.result.patients["days_late"].abs().max() <= 7
    assert sum(run.result.conduct["missed_visits"].values()) > 0
