from dataclasses import replace

import pandas as pd
import pytest

from sciatrial.calibration import blind_predictions, score_blind
from sciatrial.report import write_validation
from sciatrial.report.validation_page import refits_words
from tests.calibration.unseen import SIZES, folder_of, learned_evidence, prior_as_posterior, unseen_evidence


def scored(folder, evidence, **words):
    tables = folder_of(evidence, folder / "tables")
    how = {"n_draws": 3, "seed": 5, "sizes": SIZES}
    made = blind_predictions(tables, prior_as_posterior(), learned_evidence(), **{**how, **words})
    return score_blind(made.save(folder / "predictions"), tables)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return scored(tmp_path_factory.mktemp("page"), unseen_evidence())


def test_a_page_holds_scores_predictions_and_what_could_not_be_predicted(found, tmp_path):
    text = write_validation(found, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "unseen_mathieson2017" in text
    assert "time course" in text
    assert "the model has no pfirrmann" in text
    assert "data:image/svg+xml" in text
    assert "NOT BLIND" not in text


def test_the_same_page_is_written_of_studies_left_out(found, tmp_path):
    text = write_validation(found.validation, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "without all that shares its patients" in text
    assert "What could not be predicted" not in text


def test_refits_say_whether_they_can_be_believed(found):
    made = pd.DataFrame(
        {"left_out": ["one", "two"], "r_hat": [1.01, 1.2], "effective_size": [90.0, 40.0], "divergences": [0, 3]}
    )
    told = refits_words(replace(found.validation, refits=made))
    assert told.startswith("2 refits: R-hat at most 1.20, effective sample 40 or more, 3 divergences.")
    assert told.endswith("R-hat above 1.05 without two.")
    assert refits_words(found.validation) == ""


def test_a_page_of_known_studies_says_that_they_were_known(tmp_path):
    found = scored(tmp_path, unseen_evidence(renamed=False), allow_known=True)
    text = write_validation(found, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "NOT BLIND" in text


def test_a_page_without_any_prediction_says_so(tmp_path):
    found = scored(tmp_path, unseen_evidence(renamed=False))
    text = write_validation(found, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "No number could be predicted" in text
    assert "not blind" in text
