import json
from dataclasses import replace

import numpy as np
import pytest
from tests.calibration.unseen import SIZES, folder_of, learned_evidence, prior_as_posterior, unseen_evidence, wild

from sciatrial.calibration.blind import blind_predictions
from sciatrial.calibration.blind_scores import BlindValidation, score_blind
from sciatrial.foundation import CalibrationError, StudyError


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Return where predictions and tables are."""
    folder = tmp_path_factory.mktemp("unseen")
    tables = folder_of(unseen_evidence(), folder / "tables")
    made = blind_predictions(tables, prior_as_posterior(), learned_evidence(), n_draws=3, seed=5, sizes=SIZES)
    return made.save(folder / "predictions"), tables


@pytest.fixture(scope="module")
def scored(folders):
    return score_blind(*folders)


def test_the_summary_has_every_number_that_was_promised_and_is_json(scored):
    told = scored.summary()
    promised = {"n_studies", "n_predicted", "coverage_50", "coverage_90", "crps", "crps_baseline", "not_predicted"}
    assert promised <= set(told)
    assert set(told["crps_baseline"]) == {"pooled mean", "time course", "mechanism, no cell effect"}
    assert all(row["reason"] for row in told["not_predicted"])
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_coverage_is_how_often_intervals_hold_what_came_each_study_alike(scored):
    rows = scored.predictions
    inside = (rows["p05"] <= rows["observed"]) & (rows["observed"] <= rows["p95"])
    assert scored.summary()["coverage_90"] == pytest.approx(inside.groupby(rows["study_id"]).mean().mean())


def test_trials_of_cells_stand_apart_and_contrasts_apart_from_arms(scored):
    scores = scored.scores
    assert {"trials of cells", "trials without cells"} <= set(scores["stratum"])
    assert {"arms", "contrasts of cells"} <= set(scores["what"])
    assert (scores["n"] > 0).any()
    assert "no difference" in set(scores["model"])


def test_other_results_change_the_scores_and_not_the_predictions(folders, scored, tmp_path):
    predictions, _ = folders
    other = score_blind(predictions, folder_of(wild(unseen_evidence()), tmp_path / "tables"))
    columns = ["mean", "p05", "p50", "p95", "from_discrepancy"]
    assert other.predictions[columns].equals(scored.predictions[columns])
    assert other.summary()["crps"] != scored.summary()["crps"]


def test_results_are_not_read_without_predictions_on_disk(folders, tmp_path):
    _, tables = folders
    with pytest.raises(StudyError, match="cannot be read"):
        score_blind(tmp_path / "nothing", tables)


def test_tables_of_other_designs_than_predicted_are_refused(folders, tmp_path):
    predictions, _ = folders
    evidence = unseen_evidence()
    other = replace(evidence, arms=evidence.arms.assign(n_assigned=50.0))
    with pytest.raises(CalibrationError, match="are not those that were predicted"):
        score_blind(predictions, folder_of(other, tmp_path / "tables"))


def test_where_nothing_could_be_predicted_there_is_a_list_and_no_score(tmp_path):
    tables = folder_of(unseen_evidence(renamed=False), tmp_path / "tables")
    made = blind_predictions(tables, prior_as_posterior(), learned_evidence(), n_draws=3, seed=5, sizes=SIZES)
    told = score_blind(made.save(tmp_path / "predictions"), tables)
    assert told.summary()["n_predicted"] == 0
    assert told.summary()["crps"] is None
    assert "no number could be predicted" in repr(told)
    assert len(told.summary()["not_predicted"]) > 0


def test_it_comes_back_from_disk(scored, tmp_path):
    again = BlindValidation.load(scored.save(tmp_path / "validation"))
    assert np.array_equal(again.predictions["observed"], scored.predictions["observed"])


def test_the_same_report_can_be_written_from_it(scored):
    made = scored.validation
    assert made.score("mechanism", "all", "arms", "crps") == scored.summary()["crps"]
    assert {"fold", "observed", "from_discrepancy", "crps, time course"} <= set(made.predictions)
