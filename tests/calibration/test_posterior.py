"""What a calibration leaves can be kept, read again, and used for trials."""

import numpy as np
import pytest
from tests.calibration.small import small_fit

from sciatrial.calibration.posterior import Posterior, reference_posterior
from sciatrial.calibration.validation import reference_validation
from sciatrial.evidence import read_evidence
from sciatrial.foundation import fingerprint
from sciatrial.parameters import read_prior


@pytest.fixture(scope="module")
def posterior():
    return small_fit().posterior


def test_a_saved_posterior_is_the_same_again(posterior, tmp_path):
    folder = posterior.save(tmp_path / "posterior")
    again = Posterior.load(folder)
    assert again.fingerprint() == posterior.fingerprint()
    assert np.array_equal(again.draws.values, posterior.draws.values)


def test_an_absent_effect_is_exactly_none_in_its_draws(posterior):
    draws = posterior.draws
    column = draws.keys.index("disc_resolution_gain")
    group = draws.groups.index("cell_disc_resolution")
    assert (draws.values[~draws.included[:, group], column] == 0).all()


def test_a_fit_too_short_to_believe_says_so(posterior):
    assert not posterior.converged
    assert "DOES NOT HOLD" in repr(posterior)


def test_probabilities_stand_before_and_after(posterior):
    assert {"group", "prior", "posterior"} <= set(posterior.effects.columns)
    assert 0 <= posterior.probability_of_no_cell_effect <= 1


def test_assumptions_travel_with_it(posterior):
    assert len(posterior.made_with["assumptions"]) > 5
    assert len(posterior.table()) == len(posterior.coordinate_keys)


def test_the_posterior_that_ships_belongs_to_the_tables_and_priors_that_ship():
    made = reference_posterior()
    assert made.made_with["evidence"] == read_evidence().fingerprint()
    assert made.made_with["prior table"] == fingerprint(read_prior().rows.astype(str))
    assert made.keys == tuple(row.key for row in read_prior().entries)


def test_the_posterior_that_ships_can_be_believed():
    assert reference_posterior().converged
    assert len(reference_posterior()) == 500


def test_its_validation_ships_too_and_says_where_a_baseline_is_better():
    scores = reference_validation()
    assert scores.score("mechanism", "all", "arms", "crps") > scores.score("time course", "all", "arms", "crps")
    low, high = (scores.score("mechanism", "all", "arms", f"coverage_90_{end}") for end in ("low", "high"))
    assert low <= 0.9 <= high
