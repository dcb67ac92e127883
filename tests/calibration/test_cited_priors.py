"""Without a study nobody knows as well what rows say that cite it."""

from dataclasses import replace

import numpy as np
import pytest
from tests.calibration.planted import real_terms

from sciatrial.calibration.cited_priors import WIDER_WITHOUT_SOURCE, cited_priors, prior_sds
from sciatrial.calibration.space import space_of
from sciatrial.evidence import read_evidence
from sciatrial.parameters import read_prior

SPACE = space_of(read_prior())


@pytest.fixture(scope="module")
def cited():
    return cited_priors(SPACE, read_evidence(), real_terms().rows["study_id"].unique())


def test_rows_that_cite_a_study_of_the_terms_are_found_by_the_paper_of_their_source(cited):
    assert len(cited) == 24
    assert cited["key"].nunique() == 16  # some cite two studies
    assert set(cited["study_id"]) == {"mathieson2017", "cohen2012", "xuebao301_sensory2016", "iversen2011"}
    told = cited.set_index("key").loc["gabapentinoid_effect_fraction"]
    assert (told["source"], told["study_id"]) == ("pregabalin_leg_pain_effect_wk8", "mathieson2017")


def test_without_a_study_the_rows_that_cite_it_are_wider_and_no_other(cited):
    wide = prior_sds(SPACE, cited, ["cohen2012", "gadjradj2022"])
    keys = {key for key, sd in zip(SPACE.keys, wide, strict=True) if sd != 1}
    assert keys == {"steroid_for_half_effect", "steroid_effect_maximum"}
    assert set(wide) == {1.0, WIDER_WITHOUT_SOURCE}
    assert (prior_sds(SPACE, cited, []) == 1).all()
    assert np.sum(prior_sds(SPACE, cited, cited["study_id"]) > 1) == cited["key"].nunique()


def test_what_the_tables_say_in_a_source_does_not_matter_only_where_it_comes_from(cited):
    evidence = read_evidence()
    wild = replace(evidence, parameters=evidence.parameters.assign(value=1e3, low=np.nan, high=np.nan))
    assert cited_priors(SPACE, wild, real_terms().rows["study_id"].unique()).equals(cited)


def test_a_source_of_a_study_that_shares_patients_counts_too():
    evidence = read_evidence()
    studies = evidence.studies.copy()
    both = studies["study_id"].isin(["mathieson2017", "gadjradj2022"])
    studies.loc[both, "overlap_group"] = "made_up"
    found = cited_priors(SPACE, replace(evidence, studies=studies), ["gadjradj2022"])
    assert "gabapentinoid_effect_fraction" in set(found["key"])
