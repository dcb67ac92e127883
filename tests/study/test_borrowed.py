from dataclasses import replace

import pytest

from sciatrial.calibration import reference_posterior
from sciatrial.evidence import read_evidence
from sciatrial.foundation import StudyError
from sciatrial.parameters import read_prior
from sciatrial.study.borrowed import study_control_prior
from sciatrial.study.read import read_study

NAMED = 'trial.borrowing.studies=["chiba2018", "kim2024_discovery"]'
STUDY = """
schema = 1
name = "borrowing"
question = "How much do borrowed controls add?"
seed = 1
[population]
cohort = "chronic_radicular"
[trial]
n_total = 40
visits_months = [1, 3]
endpoint = { outcome = "leg_pain", month = 3 }
[trial.borrowing]
arm = "saline"
evidence = "shared"
[arms.cells]
intervention = "cell_therapy"
cell_type = "uc_msc"
donor = "allogeneic"
dose_million_cells = 20
route = "intradiscal"
[arms.saline]
intervention = "saline"
route = "intradiscal"
"""


@pytest.fixture(scope="module")
def known():
    return read_evidence(), read_prior(), reference_posterior()


@pytest.fixture
def study(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(STUDY, encoding="utf-8")
    return lambda *changes: read_study(path, changes=changes)


def test_shared_evidence_makes_a_prior_and_names_what_counts_twice(study, known):
    prior = study_control_prior(study(NAMED), *known)
    assert prior.twice == ("chiba2018", "kim2024_discovery")
    assert "count the same evidence twice" in prior.told
    assert prior.informative.mean == pytest.approx(-34.2, abs=0.1)
    assert 10 < prior.sizes()["robust"] < prior.sizes()["informative"] < 40
    assert prior.patient_sd == prior.robust_sd == pytest.approx(28.7, abs=0.1)
    assert prior.varied["assumption"].tolist()[0] == "as planned"
    assert "without chiba2018" in prior.varied["assumption"].tolist()
    sizes = prior.varied.set_index("assumption")["patients"]
    assert sizes["between_trial_sd 5"] > sizes["as planned"] > sizes["between_trial_sd 20"]


def test_alike_arms_alone_are_taken_unless_studies_are_named(study, known):
    prior = study_control_prior(study(), *known)
    assert prior.arms.loc[prior.arms["why_not"] == "", "study_id"].tolist() == ["chiba2018"]


def test_split_evidence_leaves_out_what_the_fit_used(study, known):
    with pytest.raises(StudyError) as error:
        study_control_prior(study('trial.borrowing.evidence="split"'), *known)
    told = str(error.value)
    assert "trial.borrowing.evidence: leaves no study" in told
    assert "chiba2018 (split evidence: 1 number that the fit aims at)" in told
    assert 'write evidence = "shared"' in told
    with pytest.raises(StudyError, match=r"borrowing\.studies\.1: kim2024_discovery cannot be used: split"):
        study_control_prior(study('trial.borrowing.evidence="split"', NAMED), *known)


def test_split_evidence_is_fine_where_nothing_was_fitted(study, known):
    evidence, prior, _ = known
    found = study_control_prior(study('trial.borrowing.evidence="split"', NAMED), evidence, prior, None)
    assert found.twice == ()
    assert found.told.startswith("Split evidence. No study of this prior stands behind the prior table")


def test_a_posterior_of_other_tables_leaves_no_certain_split(study, known):
    evidence, prior, posterior = known
    other = replace(posterior, made_with={**posterior.made_with, "evidence": "another"})
    shared = study_control_prior(study(NAMED), evidence, prior, other)
    assert shared.twice
    with pytest.raises(StudyError, match="leaves no study"):
        study_control_prior(study('trial.borrowing.evidence="split"'), evidence, prior, other)


def test_studies_that_cannot_be_used_are_named_all_at_once(study, known):
    with pytest.raises(StudyError) as error:
        study_control_prior(study('trial.borrowing.studies=["chiba2019", "kim2024"]'), *known)
    assert "did you mean 'chiba2018'?" in str(error.value)
    assert len(error.value.problems) == 2
    with pytest.raises(StudyError, match=r"tu2024 cannot be used: nearest visit is month 0\.92"):
        study_control_prior(study('trial.borrowing.studies=["tu2024", "chiba2018"]'), *known)


def test_a_vague_part_that_says_more_than_the_published_arms_is_refused(study, known):
    with pytest.raises(StudyError, match=r"borrowing\.robust_sd: 2 makes the vague part say more"):
        study_control_prior(study(NAMED, "trial.borrowing.robust_sd=2"), *known)


def test_a_word_in_place_of_studies_is_told_once(study):
    with pytest.raises(StudyError) as error:
        study('trial.borrowing.studies="chiba2018"')
    assert [problem.where for problem in error.value.problems] == ["trial.borrowing.studies"]


def test_a_given_prior_asks_no_table(study, known):
    changes = ("trial.borrowing={arm = 'saline', prior = [{weight = 1, mean = -20, sd = 4}], patient_sd = 24}",)
    prior = study_control_prior(study(*changes), *known)
    assert prior.sizes()["informative"] == pytest.approx(36)
    assert prior.arms.empty
    assert study_control_prior(study("trial.borrowing={arm = 'saline', evidence = 'shared'}"), *known) is not None
