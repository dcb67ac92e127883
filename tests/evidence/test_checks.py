"""Warnings: what is known of the shipped tables is told, and each rule can find its fault."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sciatrial.evidence import checks, evidence_warnings


def _with(evidence, *rows):
    start = evidence.outcomes.iloc[0].to_dict() | {
        "instrument": "nrs_10", "scale_min": 0.0, "scale_max": 10.0, "statistic": "mean", "spread_kind": "none",
    }  # fmt: skip
    return replace(evidence, outcomes=pd.DataFrame([start | row for row in rows]))


def test_every_rule_of_the_file_is_run():
    rules = {
        name
        for name, rule in vars(checks).items()
        if callable(rule) and getattr(rule, "__module__", "") == checks.__name__
    }
    public = {name for name in rules if not name.startswith("_")} - {"evidence_warnings"}
    assert {rule.__name__ for rule in checks.CHECKS} == public


def test_every_warning_has_a_place_a_finding_and_a_next_step(evidence):
    warnings = evidence_warnings(evidence)
    assert len(warnings) > 0
    assert all(warning.where and warning.found and warning.next_step for warning in warnings)


def test_studies_that_share_patients_are_told(evidence):
    found = [warning.found for warning in checks.studies_share_patients(evidence)]
    assert "beall2020, beall2021 share patients" in found


def test_a_group_of_one_study_shares_nothing(evidence):
    assert not any("jerome" in warning.where for warning in checks.studies_share_patients(evidence))


def test_pooled_arms_are_told(evidence):
    assert len(checks.arms_are_pooled(evidence)) == (evidence.arms["is_pooled"] == "yes").sum()


def test_vast_values_after_crossover_are_told(evidence):
    warnings = {warning.where: warning.found for warning in checks.values_after_crossover(evidence)}
    assert warnings["outcomes.csv (beall2020, arm nsm)"] == "values at month 6, 12 are after crossover"
    assert len(warnings) == 2


def test_known_peculiarities_are_told_only_of_studies_that_are_there(evidence):
    without = replace(evidence, studies=evidence.studies[evidence.studies["study_id"] != "conti2024_mat"])
    assert len(checks.studies_are_peculiar(without)) == len(checks.studies_are_peculiar(evidence)) - 1


def test_oswestry_scores_of_unknown_scale_are_told(evidence):
    places = {warning.where for warning in checks.scales_are_unknown(evidence)}
    for study in ("leemann2014", "leg_numbness2022", "dhakal2019", "ozone_aapm71704"):
        assert f"outcomes.csv ({study}), instrument odi_raw_or_percent" in places


def test_a_misspelt_instrument_comes_with_the_nearest(evidence):
    warnings = checks.instruments_are_new(_with(evidence, {"instrument": "nrs10"}))
    assert [warning.next_step for warning in warnings] == ["did you mean 'nrs_10'?"]


def test_the_shipped_tables_hold_no_new_instrument(evidence):
    assert checks.instruments_are_new(evidence) == []


def test_spreads_that_look_like_standard_errors_are_told(evidence):
    places = " ".join(warning.where for warning in checks.sd_may_be_se(evidence))
    assert "yildiz_ozone63" in places
    assert "marmara_tfesi_level" in places


@pytest.mark.parametrize(("spread", "n", "count"), [(0.3, 60.0, 1), (0.3, 8.0, 0), (0.3, np.nan, 0), (2.0, 60.0, 0)])
def test_a_small_spread_counts_only_in_many_patients(evidence, spread, n, count):
    row = {"month": 0.0, "spread_kind": "sd", "spread_low": spread, "n": n, "value": 6.0}
    assert len(checks.sd_may_be_se(_with(evidence, row))) == count


def test_a_standard_error_printed_as_sd_after_the_start_is_told(evidence):
    def with_spread(spread):
        row = {"study_id": "noriega2017", "arm_id": "msc", "outcome": "leg_pain", "instrument": "vas_100", "month": 6.0,
               "n": 36.0, "statistic": "mean", "value": 30.0, "spread_kind": "sd", "spread_low": spread}  # fmt: skip
        outcomes = pd.concat([evidence.outcomes, _with(evidence, row | {"scale_max": 100.0}).outcomes])
        told = checks.spreads_are_implausible(replace(evidence, outcomes=outcomes))
        places = " ".join(str(warning) for warning in told)
        return "noriega2017" in places

    assert with_spread(20.0 / 6)
    assert not with_spread(20.0)


def test_the_shipped_spreads_that_are_told_are_those_of_two_studies(evidence):
    told = {warning.where.split("(")[1].split(",")[0] for warning in checks.spreads_are_implausible(evidence)}
    assert told == {"dhakal2019", "ozone_aapm71704"}


def test_a_spread_of_nothing_is_told(evidence):
    row = {"n": 20.0, "spread_kind": "sd", "spread_low": 0.0, "month": 6.0, "value": 3.0}
    assert len(checks.spreads_are_zero(_with(evidence, row))) == 1
    assert not checks.spreads_are_zero(_with(evidence, row | {"spread_low": 0.5}))
    assert not checks.spreads_are_zero(evidence)


def test_two_studies_with_one_registration_are_told_unless_they_are_marked(evidence):
    studies = evidence.studies.copy()
    studies.loc[studies["study_id"].isin(["noriega2017", "orozco2011"]), "registration"] = "NCT00000001"
    doubled = replace(evidence, studies=studies)
    assert "noriega2017, orozco2011" in " ".join(str(warning) for warning in checks.studies_may_be_one(doubled))
    studies.loc[studies["study_id"].isin(["noriega2017", "orozco2011"]), "overlap_group"] = "one"
    marked = replace(evidence, studies=studies)
    assert "noriega2017, orozco2011" not in " ".join(str(warning) for warning in checks.studies_may_be_one(marked))


def test_a_percent_change_that_contradicts_the_change_is_told(evidence):
    rows = [
        {"month": 0.0, "value": 8.0},
        {"statistic": "mean_change", "value": -4.0},
        {"statistic": "percent_change", "value": -30.0},
    ]
    warnings = checks.changes_agree(_with(evidence, *rows))
    assert [(warning.found, warning.expected) for warning in warnings] == [
        ("percent change is -30", "-50, the change over the baseline")
    ]


def test_a_percent_change_that_contradicts_two_means_is_told(evidence):
    rows = [{"month": 0.0, "value": 8.0}, {"value": 4.0}, {"statistic": "percent_change", "value": -30.0}]
    assert len(checks.changes_agree(_with(evidence, *rows))) == 1


def test_a_change_that_contradicts_two_means_is_told(evidence):
    rows = [{"month": 0.0, "value": 8.0}, {"value": 4.0}, {"statistic": "mean_change", "value": -3.0}]
    assert [warning.found for warning in checks.changes_agree(_with(evidence, *rows))] == ["mean change is -3"]


def test_a_percent_change_that_needs_an_impossible_baseline_is_told(evidence):
    rows = [{"statistic": "mean_change", "value": -6.0}, {"statistic": "percent_change", "value": -30.0}]
    assert [warning.expected for warning in checks.changes_agree(_with(evidence, *rows))] == [
        "a baseline between 0 and 10"
    ]


def test_changes_that_agree_are_not_told(evidence):
    rows = [
        {"month": 0.0, "value": 8.0},
        {"value": 4.0},
        {"statistic": "mean_change", "value": -4.0},
        {"statistic": "percent_change", "value": -50.0},
    ]
    assert checks.changes_agree(_with(evidence, *rows)) == []


def test_two_values_of_one_number_are_told(evidence):
    assert len(checks.one_number_is_told_twice(_with(evidence, {"value": 3.0}, {"value": 4.0}))) == 1
    assert checks.one_number_is_told_twice(_with(evidence, {"value": 3.0}, {"value": 3.0, "month": 3.0})) == []


def test_two_values_at_unknown_visits_are_told(evidence):
    rows = [{"value": 3.0, "month": np.nan}, {"value": 4.0, "month": np.nan}]
    assert len(checks.one_number_is_told_twice(_with(evidence, *rows))) == 1


def test_more_patients_than_assigned_are_told(evidence):
    warnings = checks.more_patients_than_assigned(_with(evidence, {"n": 13.0}))
    assert [warning.expected for warning in warnings] == ["at most n_assigned = 12"]


def test_a_visit_after_the_end_of_followup_is_told(evidence):
    warnings = checks.visits_after_followup(_with(evidence, {"month": 48.0}, {"month": 6.0}))
    assert [warning.found for warning in warnings] == ["48 months"]


def test_a_crossover_study_is_told_for_using_patients_twice(evidence):
    assert {warning.where for warning in checks.arms_outnumber_study(evidence)} == {
        "arms.csv (robertson2019), column n_assigned",
        "arms.csv (schukro2016), column n_assigned",
    }


def test_a_trial_that_lost_its_comparator_is_told(evidence):
    arms = evidence.arms[(evidence.arms["study_id"] != "noriega2017") | (evidence.arms["arm_id"] == "msc")]
    warnings = checks.trials_lack_a_comparator(replace(evidence, arms=arms))
    assert "arms.csv (noriega2017)" in {warning.where for warning in warnings}
