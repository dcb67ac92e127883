import numpy as np
import pandas as pd
import pytest

from sciatrial.evidence import read_evidence
from sciatrial.foundation import CohortError
from sciatrial.model import sciatica_model
from sciatrial.parameters import draw_parameters, read_prior
from sciatrial.population import PopulationCheck, Target, population_check, read_targets

MODEL = sciatica_model()
DRAWS = draw_parameters(read_prior(), n_draws=6, seed=2)
EVIDENCE = read_evidence()
TARGETS = read_targets(EVIDENCE)
GROUPS = ("disc_disease_before_surgery", "older_back_pain", "sciatica_screened_for_early_surgery")
SOME = tuple(target for target in TARGETS if target.cohort in GROUPS)


def check_of(targets=SOME, **changes):
    words = {"n_patients": 150, "seed": 4, "n_draws": 3, "targets": targets, "threads": 1} | changes
    return population_check(MODEL, DRAWS, EVIDENCE, **words)


def changed(fact, statistic, **changes):
    return tuple(
        Target.model_validate({**t.model_dump(), **changes}) if (t.fact, t.statistic) == (fact, statistic) else t
        for t in SOME
    )


@pytest.fixture(scope="module")
def check():
    return check_of()


def test_every_target_and_every_group_has_a_row(check):
    assert check.targets["fact"].tolist() == [target.fact for target in SOME]
    assert set(check.cohorts["cohort"]) == set(GROUPS)
    assert (check.cohorts["draws"] == 3).all()


def test_the_same_seed_gives_the_same_numbers(check):
    assert check_of().fingerprint() == check.fingerprint()


def test_another_seed_gives_others(check):
    assert check_of(seed=5).fingerprint() != check.fingerprint()


def test_all_shipped_targets_are_compared_by_default():
    found = check_of(None, n_patients=50, n_draws=1)
    assert len(found.targets) == len(TARGETS)


def test_a_match_is_a_median_within_the_distance(check):
    rows = check.targets
    near = (rows["weighted"] - rows["published"]).abs() <= rows["distance"]
    assert (rows["matches"] <= near).all()
    near = (rows["equal"] - rows["published"]).abs() <= rows["distance"]
    pd.testing.assert_series_equal(rows["matches_equal"], near, check_names=False)


def test_medians_lie_in_their_intervals(check):
    rows = check.targets
    for word in ("equal", "weighted"):
        assert rows[word].between(rows[f"{word}_low"], rows[f"{word}_high"]).all()


def test_what_weights_use_matches_where_most_draws_can_be_weighted(check):
    used = check.targets[check.targets["use"] == "weights"]
    assert (check.cohorts["not_reached"] <= 1).all()
    assert used["matches"].all()


def test_a_group_of_which_nothing_is_used_is_left_as_it_is(check):
    rows = check.targets[check.targets["cohort"] == "older_back_pain"]
    np.testing.assert_allclose(rows["weighted"], rows["equal"], rtol=1e-9)
    left = check.cohorts.set_index("cohort").loc["older_back_pain"]
    assert left["effective_share"] == pytest.approx(1)
    assert left["narrowest_trait_left"] == pytest.approx(1)


def test_a_number_held_back_changes_no_weight_and_no_other_number(check):
    other = check_of(changed("nordic_registry_NRS_leg", "mean", published=99.0))
    np.testing.assert_array_equal(other.targets["weighted"], check.targets["weighted"])
    pd.testing.assert_frame_equal(other.cohorts, check.cohorts)


def test_a_number_out_of_reach_is_no_match_and_is_told(check):
    far = check_of(changed("nordic_registry_NRS_back", "mean", published=2.0))
    group = far.cohorts.set_index("cohort").loc["disc_disease_before_surgery"]
    assert group["not_reached"] == 3
    assert np.isnan(group["effective_share"])
    assert not far.targets.loc[far.targets["cohort"] == "disc_disease_before_surgery", "matches"].any()
    assert "nordic_registry_NRS_back (mean)" in repr(far)


def test_age_and_sex_that_the_cohort_was_given_are_marked(check):
    marked = set(check.targets.loc[check.targets["is_set_by_cohort"], "fact"])
    assert marked == {"nordic_registry_age", "nordic_registry_female"}


def test_what_does_not_match_is_listed(check):
    assert set(check.misses["fact"]) == set(check.targets.loc[~check.targets["matches"], "fact"])
    for fact in check.misses["fact"]:
        assert fact in repr(check)


def test_diversity_is_measured_before_and_after(check):
    for word in ("distinct_patients", "trait_spread"):
        for when in ("equal", "weighted"):
            assert (check.cohorts[f"{word}_{when}"] > 0).all()
    assert check.cohorts["trait_spread_equal"].between(0.7, 1.3).all()


def test_a_group_in_which_too_few_qualify_is_counted(monkeypatch):
    from sciatrial.population import compare as room

    def nobody(*arguments, **words):
        raise CohortError("cohort", [])

    monkeypatch.setattr(room, "sample_patients", nobody)
    found = check_of()
    assert (found.cohorts["not_enrolled"] == 3).all()
    assert not found.targets["matches"].any()
    assert found.targets["equal"].isna().all()


def test_too_few_patients_are_refused():
    with pytest.raises(CohortError, match="50 or more"):
        check_of(n_patients=10)


def test_no_draws_at_all_are_refused():
    with pytest.raises(CohortError, match="1 or more"):
        check_of(n_draws=0)


def test_a_check_comes_back_from_disk_as_it_was(check, tmp_path):
    assert PopulationCheck.load(check.save(tmp_path / "check")).fingerprint() == check.fingerprint()
