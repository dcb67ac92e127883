import numpy as np
import pytest

from sciatrial.synthesis.harms import pool_harms


@pytest.fixture(scope="module")
def harms(evidence):
    return pool_harms(evidence).set_index("event")


def test_no_event_is_a_bound_and_never_a_rate_of_zero(harms):
    none = harms[harms["n_with_event"] == 0]
    assert len(none) > 0
    assert none["percent"].isna().all()
    assert (none["high"] > 0).all()
    tumour = harms.loc["tumour"]
    assert tumour["high"] == pytest.approx(100 * (1 - 0.05 ** (1 / tumour["n_at_risk"])))


def test_reports_of_one_case_do_not_count(harms):
    assert not harms["arms"].str.contains("_case").any()
    assert "discitis" not in harms.index


def test_a_pool_of_the_literature_does_not_count(harms):
    assert not harms["arms"].str.contains("jerome2021").any()


def test_counts_are_those_of_the_table(harms, evidence):
    flares = evidence.safety.merge(evidence.arms, on=["study_id", "arm_id"])
    flares = flares[(flares["event"] == "pain_flare") & (flares["intervention"] == "cell_therapy")]
    assert harms.loc["pain_flare", "n_with_event"] == flares["n_with_event"].sum()


def test_events_are_never_more_than_patients(harms):
    assert (harms["n_with_event"] <= harms["n_at_risk"]).all()
    rates = harms[harms["percent"].notna()]
    assert (rates["low"] < rates["percent"]).all()
    assert (rates["percent"] < rates["high"]).all()


def test_a_trial_with_one_event_in_each_arm_has_an_odds_ratio_about_one(harms):
    row = harms.loc["pain_requiring_opioids"]
    assert row["odds_ratio"] == pytest.approx(1, abs=0.05)
    assert row["odds_ratio_low"] < 0.2 < 5 < row["odds_ratio_high"]


def test_without_events_in_both_arms_there_is_no_odds_ratio(harms):
    row = harms.loc["serious_adverse_event"]
    assert np.isnan(row["odds_ratio"])
    assert row["n_trials"] == 1


def test_cells_at_an_open_operation_and_events_before_the_treatment_do_not_count(harms, evidence):
    assert not harms["arms"].str.contains("tianjin").any()
    operated = pool_harms(evidence, treatment="surgery").set_index("event")
    assert "ldh_registry_9930" not in operated.loc["surgery_on_index_level", "arms"]
