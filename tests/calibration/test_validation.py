"""A study that is left out has no way in."""

from dataclasses import replace

import numpy as np
import pytest
from tests.calibration.small import SETTINGS, small_calibration, small_evidence

from sciatrial.calibration.contrasts import controlled_cell_trials
from sciatrial.calibration.run import prepare_calibration
from sciatrial.calibration.validation import (
    MECHANISM,
    fold_errors,
    fold_of_terms,
    validate_externally,
    without_studies,
)
from sciatrial.parameters import read_prior

CHAINS = replace(SETTINGS.chains, n_chains=1)


@pytest.fixture(scope="module")
def validation():
    return validate_externally(
        small_calibration(), small_evidence(), chains=CHAINS, workers=2, n_folds=2, n_cell_draws=20, times_longer=1
    )


def test_each_controlled_trial_of_cells_is_left_out_alone():
    terms = small_calibration().terms
    fold = fold_of_terms(terms, 2, 1)
    for trial in controlled_cell_trials(terms.rows):
        mine = (terms.rows["study_id"] == trial).to_numpy()
        number = fold[mine][0]
        assert (fold[mine] == number).all()
        assert not (fold[~mine] == number).any()


def test_tables_without_a_study_keep_its_entry_and_lose_what_it_found():
    evidence = without_studies(small_evidence(), {"gadjradj2022"})
    mine = evidence.outcomes[evidence.outcomes["study_id"] == "gadjradj2022"]
    assert len(mine)
    assert (mine["month"] == 0).all()


def test_spreads_of_a_left_out_study_move_nobody_else():
    calibration, evidence = small_calibration(), small_evidence()
    outcomes = evidence.outcomes.copy()
    hit = (outcomes["study_id"] == "gadjradj2022") & (outcomes["month"] > 0) & (outcomes["spread_kind"] == "sd")
    outcomes.loc[hit, "spread_low"] = 60.0
    wild = replace(evidence, outcomes=outcomes)
    one, two = (fold_errors(calibration, tables, {"gadjradj2022"}) for tables in (evidence, wild))
    assert np.array_equal(one, two)


def test_a_wild_value_in_every_table_of_a_left_out_study_moves_no_prediction(validation):
    evidence = small_evidence()
    outcomes, facts, parameters = (getattr(evidence, name).copy() for name in ("outcomes", "facts", "parameters"))
    hit = (outcomes["study_id"] == "levi2025") & (outcomes["month"] > 0)
    outcomes.loc[hit, "value"] = 97.0
    doi = evidence.studies.set_index("study_id").loc["levi2025", "doi"]
    for table in (facts, parameters):
        table.loc[table["doi_or_pmid"].astype(str) == str(doi), "value"] = 1e3
    wild = replace(evidence, outcomes=outcomes, facts=facts, parameters=parameters)
    calibration = prepare_calibration(wild, read_prior(), settings=SETTINGS, workers=2)
    again = validate_externally(calibration, wild, chains=CHAINS, workers=2, n_folds=2, n_cell_draws=20, times_longer=1)
    key = ["study_id", "arm_id", "rule", "month"]
    mine, theirs = (v.predictions[v.predictions["study_id"] == "levi2025"].set_index(key) for v in (validation, again))
    assert (theirs["observed"] == 97).all()
    assert not (mine["observed"] == 97).all()
    assert np.array_equal(mine["mean"], theirs["mean"])
    assert np.array_equal(mine["p95"], theirs["p95"])


def test_every_number_is_predicted_once_and_scored_beside_the_baselines(validation):
    assert validation.predictions["mean"].notna().all()
    assert {"pooled mean", "time course", MECHANISM, "mechanism, no cell effect"} <= set(validation.scores["model"])
    assert "contrasts of cells" in set(validation.scores["what"])


def test_what_is_believed_of_cells_stands_without_each_trial(validation):
    assert set(validation.without_trial["without"]) == {"", "amirdelfan2021", "levi2025", "noriega2017"}


def test_every_refit_says_whether_it_can_be_believed(validation):
    assert len(validation.refits) == 2 * (3 + 2) + 1
    assert {"left_out", "n_draws", "r_hat", "effective_size", "divergences"} == set(validation.refits.columns)


def test_a_validation_says_what_it_is_a_validation_of(validation):
    assert validation.made_with["runs"] == small_calibration().runs_fingerprint
    assert validation.made_with["evidence"] == small_evidence().fingerprint()


def test_the_record_can_be_kept(validation, tmp_path):
    folder = validation.save(tmp_path / "validation")
    assert type(validation).load(folder).fingerprint() == validation.fingerprint()
    assert "CRPS" in repr(validation)
