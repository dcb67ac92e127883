from dataclasses import replace

import numpy as np
import pytest
from tests.calibration.unseen import NEW, SIZES, folder_of, learned_evidence, prior_as_posterior, unseen_evidence, wild

from sciatrial.calibration.blind import BlindPredictions, blind_predictions
from sciatrial.evidence import read_evidence
from sciatrial.foundation import SilentProgress, StudyError


def predicted(evidence, folder, **words):
    how = {"n_draws": 3, "seed": 5, "sizes": SIZES}
    return blind_predictions(folder_of(evidence, folder), prior_as_posterior(), learned_evidence(), **{**how, **words})


@pytest.fixture(scope="module")
def predictions(tmp_path_factory):
    return predicted(unseen_evidence(), tmp_path_factory.mktemp("unseen") / "tables")


def test_wild_results_leave_predictions_the_same_bit_for_bit(predictions, tmp_path):
    other = predicted(wild(unseen_evidence()), tmp_path / "tables")
    assert other.fingerprint() == predictions.fingerprint()
    assert len(other) > 0


def test_another_baseline_changes_predictions(predictions, tmp_path):
    other = predicted(unseen_evidence(entry=5.0), tmp_path / "tables")
    assert not np.array_equal(other.mechanism, predictions.mechanism)


def test_baselines_are_inputs_and_not_predicted(predictions):
    assert (predictions.numbers["month"] > 0).all()
    assert (predictions.not_predicted["month"] != 0).all()


def test_every_prediction_says_its_interval_and_how_much_comes_from_the_discrepancy(predictions):
    numbers = predictions.numbers
    assert (numbers["p05"] < numbers["p95"]).all()
    assert numbers["from_discrepancy"].notna().all()


def test_no_result_is_kept_with_the_predictions(predictions):
    assert "observed" not in predictions.numbers
    assert "value" not in predictions.numbers


def test_arms_with_few_virtual_patients_are_flagged(predictions):
    arms = predictions.arms
    few = arms["effective_size"] < 50
    assert few.any()
    assert (arms.loc[few, "verdict"] == "few").all()
    assert predictions.numbers["is_few"].tolist() == (predictions.numbers["effective_size"] < 50).tolist()


def test_a_baseline_that_the_population_cannot_reach_is_refused(tmp_path):
    made = predicted(unseen_evidence(entry=0.5), tmp_path / "tables")
    left = made.not_predicted
    refused = left[left["reason"].str.contains("cannot reach its baseline")]
    assert set(refused["study_id"]) == {f"{NEW}mathieson2017"}
    assert f"{NEW}mathieson2017" not in set(made.numbers["study_id"])
    assert set(made.arms.loc[made.arms["verdict"] == "refused", "arm_id"]) == {"pregabalin", "placebo"}


@pytest.mark.parametrize(
    ("column", "words"),
    [("study_id", "same study id"), ("registration", "same registration"), ("overlap_group", "same overlap group")],
)
def test_a_study_of_the_shipped_tables_is_refused_as_not_blind(column, words, tmp_path):
    shipped = read_evidence().studies.set_index("study_id")
    evidence = unseen_evidence(renamed=column != "study_id")
    mark = {"registration": f"see {shipped.loc['noriega2017', 'registration'].lower()}", "overlap_group": "vast"}
    if column != "study_id":
        evidence = replace(evidence, studies=evidence.studies.assign(**{column: mark[column]}))
    made = predicted(evidence, tmp_path / "tables")
    assert len(made) == 0
    assert made.not_predicted["reason"].str.startswith(f"not blind: {words}").all()


def test_known_studies_can_be_predicted_for_a_test_and_that_is_told(tmp_path):
    made = predicted(unseen_evidence(renamed=False), tmp_path / "tables", allow_known=True)
    assert len(made) > 0
    assert set(made.made_with["known"]) == {"mathieson2017", "noriega2017", "centeno2017"}


def test_treatments_that_a_baseline_never_saw_are_told(predictions):
    told = predictions.fallbacks
    assert told.loc[told["baseline"] == "time course", "fallback"].str.contains("gabapentinoid").any()


def test_predictions_come_back_from_disk_and_a_change_is_noticed(predictions, tmp_path):
    folder = predictions.save(tmp_path / "predictions")
    assert BlindPredictions.load(folder).fingerprint() == predictions.fingerprint()
    draws = np.load(folder / "mechanism.npy")
    np.save(folder / "mechanism.npy", draws + 1e-9)
    with pytest.raises(StudyError, match="differs from what was saved"):
        BlindPredictions.load(folder)


def test_whoever_watches_may_stop_it(tmp_path):
    class Stop(SilentProgress):
        def advance(self, n=1):
            return False

    with pytest.raises(KeyboardInterrupt):
        predicted(unseen_evidence(), tmp_path / "tables", progress=Stop())
