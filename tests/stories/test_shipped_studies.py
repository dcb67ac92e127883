"""The shipped studies, at small size, from file to report; their numbers against a committed baseline."""

import tomllib
from pathlib import Path

import pytest

from sciatrial.study import read_study, run_study

STUDIES = sorted((Path(__file__).parents[2] / "studies").glob("*.toml"))
BASELINE = tomllib.loads((Path(__file__).parent / "baseline.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module", params=STUDIES, ids=lambda path: path.stem)
def run(request, tmp_path_factory):
    study = read_study(request.param, changes=["simulation.n_trials=2"])
    return run_study(study, out=tmp_path_factory.mktemp("runs"))


def test_a_shipped_study_gives_a_report(run):
    assert run.report.stat().st_size > 100_000


def test_a_shipped_study_gives_the_numbers_of_the_baseline(run):
    # a number that moves needs its reason under "Changed numbers"; the tolerance is for other processors
    kept = BASELINE[run.folder.name.rpartition("-")[0]]
    got = dict(zip(run.result.contrasts["comparison"], run.result.contrasts["estimate"], strict=True))
    assert got == pytest.approx(kept["estimates"], abs=0.01)
    truths = run.operating.trials.query("scenario == 'reference' and trial == 0")
    assert dict(zip(truths["comparison"], truths["truth"], strict=True)) == pytest.approx(kept["truths"], abs=0.01)
