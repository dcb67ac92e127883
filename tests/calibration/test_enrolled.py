from dataclasses import replace

import numpy as np
from tests.report.compared import small_comparison

from sciatrial.calibration import (
    kept_population,
    posterior_population,
    reference_population,
    reference_posterior,
)
from sciatrial.evidence import read_evidence
from sciatrial.population import POSTERIOR


def test_what_ships_is_of_the_posterior_and_the_tables_that_ship():
    shipped = reference_population()
    assert shipped.is_of(reference_posterior().fingerprint())
    assert shipped.made_with["evidence"] == read_evidence().fingerprint()


def test_what_ships_rests_on_enough_draws_and_patients_to_be_told():
    shipped = reference_population()
    assert shipped.n_draws >= 60
    assert shipped.n_patients >= 600


def test_what_ships_is_what_the_code_gives_but_for_luck():
    """Few draws again: their medians lie within the shipped intervals, and the published numbers are the same."""
    shipped, again = reference_population().of(), small_comparison().of()
    assert shipped["fact"].tolist() == again["fact"].tolist()
    np.testing.assert_array_equal(shipped["published"], again["published"])
    wide = 0.5 * shipped["distance"]
    inside = again["equal"].between(shipped["equal_low"] - wide, shipped["equal_high"] + wide)
    assert inside.mean() > 0.85


def test_a_comparison_is_found_beside_its_own_posterior_alone(tmp_path):
    posterior = reference_posterior()
    assert kept_population(tmp_path / "posterior", posterior) is None
    small_comparison().save(tmp_path / "population")
    found = kept_population(tmp_path / "posterior", posterior)
    assert found is not None
    assert found.fingerprint() == small_comparison().fingerprint()
    other = replace(posterior, made_with={**posterior.made_with, "seed": -1})
    assert kept_population(tmp_path / "posterior", other) is None


def test_the_same_seed_gives_the_same_numbers():
    again = posterior_population(reference_posterior(), read_evidence(), n_patients=60, n_draws=2, seed=3)
    assert again.fingerprint() == small_comparison().fingerprint()


def test_the_posterior_is_looked_at_and_not_the_prior_twice():
    made = small_comparison()
    assert not np.allclose(made.of()["equal"], made.of("prior")["equal"])
    assert set(made.cohorts["drawn"]) == {POSTERIOR, "prior"}
