from dataclasses import fields, replace

import pytest

from sciatrial.foundation import StudyError, TrialError
from sciatrial.study import Wanted, pooling, read_study, study_size
from tests.study.conftest import SMALL


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    path = tmp_path_factory.mktemp("sized") / "sized.toml"
    path.write_text(SMALL, encoding="utf-8")
    return read_study(path)


def test_power_is_searched_in_one_pool(study):
    found = study_size(study, Wanted(0.05, trials_of_each=40, smallest=8, largest=16))
    assert (found.quantity, found.comparison) == ("power", "cells vs sham")
    assert found.curve["n_total"].between(8, 16).all()
    assert found.curve["success"].between(0, 1).all()


def test_assurance_is_searched_in_a_pool_a_draw(study):
    found = study_size(study, Wanted(0.99, is_assurance=True, n_draws=3, trials_of_each=4, smallest=8, largest=12))
    assert found.n_draws + found.not_enrolled == 3
    assert found.n_total is None
    assert (found.curve["n_trials"] == 4 * found.n_draws).all()


def test_the_same_study_gives_the_same_curve(study):
    wanted = Wanted(0.5, is_assurance=True, n_draws=2, trials_of_each=3, smallest=8, largest=12)
    one, other = study_size(study, wanted), study_size(study, wanted)
    assert one.fingerprint() == other.fingerprint()


def test_what_cannot_be_searched_is_named_before_anything_is_simulated(study):
    with pytest.raises(StudyError) as caught:
        study_size(study, Wanted(90, is_assurance=True, n_draws=1, trials_of_each=1, smallest=20, largest=12))
    assert [problem.where for problem in caught.value.problems] == ["target", "draws", "trials", "smallest"]
    with pytest.raises(TrialError, match="smallest: a trial of 2 patients cannot be"):
        study_size(study, Wanted(0.5, smallest=2))


def test_a_design_that_has_no_pool_is_refused_before_anybody_is_simulated(study, monkeypatch):
    monkeypatch.setattr(pooling, "make_pool", lambda *words, **more: pytest.fail("a pool is made"))
    windowed = replace(study, design=study.design.model_copy(update={"visit_window_days": 5.0}))
    with pytest.raises(TrialError, match="visit_window_days: is 5"):
        study_size(windowed, Wanted(0.5, smallest=8, largest=16))


def test_what_is_wanted_is_plain():
    assert {item.name for item in fields(Wanted)} > {"target", "largest"}
