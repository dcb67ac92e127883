from functools import cache

import numpy as np
import pytest

from sciatrial.evidence import read_evidence
from sciatrial.model import sciatica_model
from sciatrial.parameters import draw_parameters, read_prior
from sciatrial.population import (
    MET,
    NOT_COMPARABLE,
    NOT_MET,
    POSTERIOR,
    PRIOR,
    PopulationComparison,
    Target,
    compare_populations,
    population_check,
    read_targets,
)

MODEL = sciatica_model()
BEFORE = draw_parameters(read_prior(), n_draws=3, seed=2)
AFTER = draw_parameters(read_prior(), n_draws=3, seed=9)
EVIDENCE = read_evidence()
TARGETS = read_targets(EVIDENCE)
SOME = tuple(target for target in TARGETS if target.cohort in ("disc_disease_before_surgery", "older_back_pain"))
HOW = {"n_patients": 120, "n_draws": 2, "seed": 4, "threads": 1}


def compared(targets=SOME, **changes):
    words = {**HOW, "targets": targets, "made_with": {"posterior": "abc"}} | changes
    return compare_populations(MODEL, BEFORE, AFTER, EVIDENCE, **words)


@cache
def made():
    return compared()


def far(fact, published):
    return tuple(
        Target.model_validate({**t.model_dump(), "published": published}) if t.fact == fact and t.statistic == "mean"
        else t for t in SOME
    )  # fmt: skip


@pytest.mark.parametrize(("drawn", "draws"), [(PRIOR, BEFORE), (POSTERIOR, AFTER)])
def test_each_half_is_the_check_of_its_own_draws(drawn, draws):
    alone = population_check(MODEL, draws, EVIDENCE, targets=SOME, **HOW)
    mine = made().of(drawn)
    for name in ("equal", "weighted", "matches"):
        np.testing.assert_array_equal(mine[name], alone.targets[name])
    cohorts = made().cohorts
    np.testing.assert_array_equal(
        cohorts.loc[cohorts["drawn"] == drawn, "distinct_patients_weighted"],
        alone.cohorts["distinct_patients_weighted"],
    )


def test_a_verdict_is_the_distance_kept_or_not():
    rows = made().targets
    near = (rows["equal"] - rows["published"]).abs() <= rows["distance"]
    assert (rows["verdict_equal"] == np.where(near, MET, NOT_MET)).all()
    assert set(rows["verdict"]) <= {MET, NOT_MET}


def test_a_number_far_from_every_patient_is_not_met_by_prior_or_posterior():
    rows = compared(far("nordic_registry_NRS_leg", 99.0)).targets
    mine = rows[(rows["fact"] == "nordic_registry_NRS_leg")]
    assert (mine["verdict"] == NOT_MET).all()
    assert len(mine) == 2


def test_counts_leave_aside_what_the_cohort_was_given():
    counts = made().counts().set_index("drawn")
    after = made().of()
    free = after[~after["is_set_by_cohort"]]
    assert counts.loc[POSTERIOR, "numbers"] == len(free) == len(after) - 2
    assert counts.loc[POSTERIOR, "met_equal"] == (free["verdict_equal"] == MET).sum()
    held = free[free["use"] == "check"]
    assert counts.loc[POSTERIOR, "held_back"] == len(held)
    assert counts.loc[POSTERIOR, "held_back_met"] == (held["verdict"] == MET).sum()


def test_every_number_has_its_source():
    rows = made().of().set_index("fact")
    assert (rows.loc["nordic_registry_ODI", "n"] == 1839).all()
    assert (rows.loc["nordic_registry_ODI", "where"] == "Table 1").all()
    assert rows["citation"].str.len().gt(5).all()


def test_effective_patients_are_the_share_that_weights_leave():
    cohorts = made().cohorts
    np.testing.assert_allclose(cohorts["effective_patients"], cohorts["effective_share"] * 120)
    alike = cohorts[cohorts["cohort"] == "older_back_pain"]
    np.testing.assert_allclose(alike["effective_patients"], 120)


def test_facts_that_cannot_be_compared_end_the_table_with_their_reason():
    table = made().table()
    last = table[table["verdict"] == NOT_COMPARABLE]
    assert len(last) == len(made().left_out)
    assert last["why"].str.len().gt(5).all()
    assert len(table) == len(SOME) + len(last)


def test_a_shipped_cohort_of_which_no_number_speaks_says_none():
    shipped = made().shipped.set_index("cohort")
    assert shipped.loc["piriformis", "numbers"] == 0
    assert shipped.loc["chronic_discogenic", "of_this_cause_alone"] == sum(
        t.cohort == "disc_disease_before_surgery" for t in SOME
    )
    assert shipped.loc["stenosis", "of_this_cause_alone"] == 0
    assert shipped.loc["stenosis", "groups"] == "older_back_pain"


def test_it_tells_whether_it_is_of_a_posterior():
    assert made().is_of("abc")
    assert not made().is_of("xyz")


def test_it_comes_back_from_disk_as_it_was(tmp_path):
    kept = PopulationComparison.load(made().save(tmp_path / "kept"))
    assert kept.fingerprint() == made().fingerprint()
    assert f"{len(made().left_out)} facts not comparable" in repr(kept)
