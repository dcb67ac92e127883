"""The datasets of a trial: what stands in them, and that the trial's own number comes out of them."""

import numpy as np
import pytest

from sciatrial.exchange import adam_datasets
from sciatrial.foundation import DAYS_PER_MONTH
from sciatrial.statistics import contrasts, fit_mixed_models
from sciatrial.study import read_study, study_trial
from tests.exchange.conftest import exported


def covariance(adeff, arm, control):
    """Return the difference of two arms in the analysis of covariance with all arms."""
    arms = sorted(set(adeff["TRTP"]))
    columns = np.column_stack([*(adeff["TRTP"] == name for name in arms), adeff["BASE"]]).astype(float)
    found = np.linalg.lstsq(columns, adeff["CHG"].to_numpy(), rcond=None)[0]
    return found[arms.index(arm)] - found[arms.index(control)]


def repeated(adeff, arm, small_sample):
    """Return the difference at the last visit in the mixed model with an unstructured covariance."""
    wide = adeff.pivot(index="USUBJID", columns="AVISITN", values="CHG")
    people = adeff.drop_duplicates("USUBJID").set_index("USUBJID").loc[wide.index]
    single = np.column_stack([np.ones(len(wide)), people["TRTP"] == arm, people["BASE"]]).astype(float)
    n_visits = wide.shape[1]
    crossed = np.einsum("pw,vu->pvuw", single, np.eye(n_visits)).reshape(len(wide), n_visits, -1)
    fits = fit_mixed_models(wide.to_numpy()[None], crossed[None], small_sample=small_sample)
    weights = np.zeros((1, crossed.shape[-1]))
    weights[0, -2] = 1
    found = contrasts(fits, weights)
    return found.estimate[0, 0], found.standard_error[0, 0]


def test_the_analysis_of_covariance_gives_the_trials_own_numbers(mpc):
    _, full, datasets = mpc
    assert len(full.contrasts) == 4
    for row in full.contrasts.to_dict("records"):
        found = covariance(datasets["ADEFF"].frame, row["arm"], row["control"])
        assert found == pytest.approx(row["estimate"], abs=1e-9)


def test_the_mixed_model_gives_the_number_of_the_look_and_that_of_everybody(phase2b):
    study, full, datasets = phase2b
    row, adeff = full.contrasts.iloc[0], datasets["ADEFF"].frame
    assert (row["decision"], row["look"]) == ("futility", 1)
    at_look = repeated(adeff[adeff["LOOKN"] <= row["look"]], "cells", study.design.small_sample)
    assert at_look == pytest.approx((row["estimate"], row["standard_error"]), rel=1e-6)
    everybody = repeated(adeff, "cells", study.design.small_sample)
    assert everybody == pytest.approx((row["final_estimate"], row["final_standard_error"]), rel=1e-6)


def test_scores_that_the_analysis_uses_as_measured_are_flagged(phase2b):
    _, _, datasets = phase2b
    adqs, adeff = datasets["ADQS"].frame, datasets["ADEFF"].frame
    flagged = adqs[adqs["ANL01FL"] == "Y"].set_index(["USUBJID", "AVISITN"])["CHG"].sort_index()
    used = adeff.set_index(["USUBJID", "AVISITN"])["CHG"].sort_index()
    assert flagged.equals(used)
    assert set(adqs.loc[adqs["ANL01FL"] == "Y", "PARAMCD"]) == {"LEGPAIN"}


@pytest.mark.parametrize("strategy", ["composite", "while_on_treatment"])
def test_a_value_after_rescue_is_marked_as_derived_and_never_stands_among_scores(strategy):
    changes = [f"trial.estimand.rescue={strategy}", "trial.analysis=ancova"]
    _, full, datasets = exported("epidural_cells_radicular", changes=changes)
    adeff, adqs = datasets["ADEFF"].frame, datasets["ADQS"].frame
    assert set(adeff["DTYPE"]) == {"", {"composite": "BOCF", "while_on_treatment": "LOCF"}[strategy]}
    row = full.contrasts.iloc[0]
    assert covariance(adeff, row["arm"], row["control"]) == pytest.approx(row["estimate"], abs=1e-9)
    derived = set(adeff.loc[adeff["DTYPE"] != "", "USUBJID"])
    flagged = adqs[(adqs["ANL01FL"] == "Y") & (adqs["AVISITN"] == 6)]
    assert not derived & set(flagged["USUBJID"])
    after = adqs[(adqs["RESCPRFL"] == "Y") & (adqs["AVISITN"] == 6)]
    assert set(after["USUBJID"]) <= derived


def test_a_response_is_one_or_nothing_and_failures_say_so():
    endpoint = (
        '{ outcome="leg_pain", month=6, measure="response", rule="responder_50pct_pain", missing="non_responder" }'
    )
    changes = [f"trial.endpoint={endpoint}", "trial.analysis=responders",
               'trial.estimand={ rescue="treatment_policy", summary_measure="risk_difference" }',
               "trial.dropout_per_year=0.4"]  # fmt: skip
    _, full, datasets = exported("epidural_cells_radicular", changes=changes)
    adeff = datasets["ADEFF"].frame
    assert (set(adeff["PARAMCD"]), set(adeff["AVAL"])) == ({"RESPONSE"}, {0.0, 1.0})
    assert set(adeff["DTYPE"]) == {"", "FAILURE"}
    share = adeff.groupby("TRTP")["AVAL"].mean()
    row = full.contrasts.iloc[0]
    assert share[row["arm"]] - share[row["control"]] == pytest.approx(row["estimate"])


def test_subjects_are_everybody_who_was_randomised(phase2b):
    _, full, datasets = phase2b
    adsl = datasets["ADSL"].frame
    assert len(adsl) == full.contrasts["n_randomised"].item()
    assert adsl["USUBJID"].is_unique
    assert (adsl["FASFL"] == "Y").sum() == sum(own["analysed"] for own in full.flow.values())
    left = adsl["EOSSTT"] == "DISCONTINUED"
    assert left.sum() == sum(own["left_before_endpoint"] + own["left_later"] for own in full.flow.values())
    assert set(adsl.loc[left, "DCSREAS"]) == {"LOST TO FOLLOW-UP"}
    assert set(adsl.loc[~left, "DCSREAS"]) == {""}
    assert (adsl["RESCFL"] == "Y").equals(adsl["RESCDY"].notna())


def test_relative_days_have_no_day_nothing(phase2b):
    _, _, datasets = phase2b
    adqs = datasets["ADQS"].frame
    assert set(adqs.loc[adqs["ABLFL"] == "Y", "ADY"]) == {1.0}
    assert (adqs["ADY"] >= 1).all()
    assert (adqs["ADY"] == adqs["AWTARGET"]).all()


def test_an_event_belongs_to_a_subject_and_nothing_is_coded_that_was_not(mpc):
    _, _, datasets = mpc
    adae, adsl = datasets["ADAE"].frame, datasets["ADSL"].frame
    assert len(adae) > 0
    assert set(adae["USUBJID"]) <= set(adsl["USUBJID"])
    assert not adae.duplicated(["USUBJID", "AESEQ"]).any()
    serious = adae["AEDECOD"].isin(["Serious event", "Death"])
    assert (adae["AESER"] == "Y").equals(serious)
    assert set(adae.loc[~serious, "AESER"]) == {"U"}
    assert (adae["TRTEMFL"] == "Y").all()


def test_keys_tell_rows_apart_and_every_word_is_in_its_list(phase2b, mpc):
    for _, _, datasets in (phase2b, mpc):
        for dataset in datasets.values():
            assert not dataset.frame.duplicated(list(dataset.keys)).any(), dataset.name
            for variable in dataset.variables:
                if variable.codes:
                    known = {code.word for code in dataset.code_lists[variable.codes].codes} | {""}
                    assert set(dataset.frame[variable.name]) <= known, variable.name


def test_a_trial_without_any_event_has_an_empty_dataset(tmp_path):
    study = read_study("studies/epidural_cells_radicular.toml", changes=["trial.n_total=6"])
    full = study_trial(study, trial=0)
    empty = type(full)(**{**vars(full), "harms": full.harms.iloc[:0]})
    datasets = {item.name: item for item in adam_datasets(empty, study.design, study="none")}
    assert datasets["ADAE"].frame.shape == (0, 15)


HIERARCHY = (
    'trial.endpoint={ outcome="leg_pain", month=6, measure="hierarchy", hierarchy=[{ event="rescue" }, '
    '{ score="leg_pain", margin=20 }, { score="disability" }, { score="leg_pain" }] }'
)
STOPPED = (
    'trial.safety={ follow_up_months=12, stopping={ event="serious adverse event", arm="cells", acceptable=0.05, '
    'every=10, rule="pocock", alpha=0.05, true_share=0.3 } }'
)


def test_every_outcome_of_a_hierarchy_is_a_parameter_of_its_own_and_higher_is_better():
    changes = [HIERARCHY, "trial.analysis=win_statistics", "trial.n_total=60",
               'trial.estimand={ rescue="composite", summary_measure="win_odds" }']  # fmt: skip
    _, _, datasets = exported("epidural_cells_radicular", changes=changes)
    adeff, adqs, adsl = (datasets[name].frame for name in ("ADEFF", "ADQS", "ADSL"))
    assert not adeff.duplicated(list(datasets["ADEFF"].keys)).any()
    assert list(dict.fromkeys(adeff.sort_values("PARAMN")["PARAMCD"])) == [f"OUTCOME{place}" for place in (1, 2, 3, 4)]
    assert adeff["PARAM"].nunique() == 4
    # nothing is made up: somebody not seen has no row but for rescue, which is known
    assert set(adeff["DTYPE"]) == {""}
    rescue = adeff[adeff["PARAMCD"] == "OUTCOME1"].set_index("USUBJID")
    rescued = adsl.set_index("USUBJID")["RESCDY"] < adqs[adqs["AVISITN"] == 6]["ADY"].min()
    assert (rescue["AVAL"] == 0).any()
    assert (rescue["AVAL"] == 0).equals(rescued.loc[rescue.index].rename("AVAL"))
    assert rescue["BASE"].isna().all()
    for code, score in (("OUTCOME2", "LEGPAIN"), ("OUTCOME3", "DISABIL"), ("OUTCOME4", "LEGPAIN")):
        own = adeff[adeff["PARAMCD"] == code].set_index("USUBJID")
        seen = adqs[(adqs["PARAMCD"] == score) & (adqs["AVISITN"] == 6)].set_index("USUBJID").loc[own.index]
        assert np.allclose(own["AVAL"], -seen["CHG"])
        assert np.allclose(own["BASE"], seen["BASE"])


def test_patients_of_a_trial_that_stops_for_harm_end_with_it():
    _, full, datasets = exported("epidural_cells_phase2b", changes=["trial.looks={}", STOPPED])
    adsl, adae = (datasets[name].frame for name in ("ADSL", "ADAE"))
    assert set(full.contrasts["decision"]) == {"stopped_for_harm"}
    end = (full.contrasts["months"].iloc[0] - adsl["RANDMON"]) * DAYS_PER_MONTH
    reasons = adsl.groupby("DCSREAS").size()
    cut = adsl["DCSREAS"] == "STUDY TERMINATED BY SPONSOR"
    assert cut.sum() > len(adsl) / 2
    assert reasons.sum() == len(adsl)
    assert (adsl.loc[cut, "EOSDY"] == np.floor(end[cut]) + 1).all()
    assert (adsl["EOSDY"] <= np.floor(end) + 1).all()
    # completed are those alone whose last visit took place
    assert (end[adsl["EOSSTT"] == "COMPLETED"] >= 12 * DAYS_PER_MONTH).all()
    assert set(adsl.loc[adsl["EOSSTT"] == "DISCONTINUED", "DCSREAS"]) <= {
        "STUDY TERMINATED BY SPONSOR", "LOST TO FOLLOW-UP",
    }  # fmt: skip
    assumed = adae["AEDECOD"] == "Serious adverse event"
    assert assumed.any()
    assert set(adae.loc[assumed, "AEREL"]) == {""}
    assert set(adae.loc[~assumed, "AEREL"]) <= {"RELATED", "UNKNOWN"}


def test_who_was_not_treated_before_the_trial_stopped_for_harm_has_no_treatment():
    arms = [f"arms.{arm}.weeks_until_treatment=20" for arm in ("cells", "saline")]
    _, full, datasets = exported("epidural_cells_phase2b", changes=["trial.looks={}", STOPPED, *arms])
    adsl = datasets["ADSL"].frame
    end = (full.contrasts["months"].iloc[0] - adsl["RANDMON"]) * DAYS_PER_MONTH
    is_late = end < 140
    assert is_late.any()
    assert adsl.loc[is_late, "TRTSDY"].isna().all()
    assert set(adsl.loc[is_late, "SAFFL"]) == {"N"}
    assert (adsl.loc[~is_late, "SAFFL"] == "Y").all()


def test_failures_that_a_stop_for_harm_leaves_unseen_are_no_rows():
    endpoint = (
        'trial.endpoint={ outcome="leg_pain", month=6, measure="response", rule="responder_30pct_pain", '
        'missing="non_responder" }'
    )
    changes = ["trial.looks={}", STOPPED, endpoint, "trial.analysis=responders",
               'trial.estimand={ rescue="treatment_policy", summary_measure="risk_difference" }']  # fmt: skip
    _, full, datasets = exported("epidural_cells_phase2b", trial=1, changes=changes)
    row, adeff = full.contrasts.iloc[0], datasets["ADEFF"].frame
    assert row["decision"] == "stopped_for_harm"
    assert len(adeff) == row["n_arm"] + row["n_control"] < len(datasets["ADSL"].frame)
    share = adeff.groupby("TRTP")["AVAL"].mean()
    assert share["cells"] - share["saline"] == pytest.approx(row["estimate"])


def test_periods_of_randomisation_are_told_where_the_ratio_changes(phase2b):
    assert phase2b[2]["ADSL"].frame["RANDPER"].isna().all()
    changes = ["trial.accrual={ per_month=6 }", "trial.response_adaptive={ burn_in=40, every=30 }", "trial.comparisons="
               '[{ arm="cells", control="saline" }, { arm="steroid", control="saline" }]']  # fmt: skip
    _, full, datasets = exported("epidural_cells_radicular", changes=changes)
    adsl = datasets["ADSL"].frame.sort_values("RANDNUM")
    assert adsl["RANDPER"].tolist() == [1] * 40 + [2] * 30 + [3] * 30 + [4] * 20
    counted = adsl.groupby(["RANDPER", "ARM"]).size()
    for row in full.allocation.to_dict("records"):
        assert counted.get((row["period"] + 1, row["arm"]), 0) == row["patients"]


def test_who_is_in_a_subgroup_is_told_where_one_is_tested(phase2b):
    assert set(phase2b[2]["ADSL"].frame["SUBGRFL"]) == {""}
    changes = ["trial.enrichment.by=effect", "trial.enrichment.most=[1]", "trial.enrichment.above=[]",
               "trial.enrichment.within=[]"]  # fmt: skip
    study, full, datasets = exported("enrich_inflamed", trial=1, changes=changes)
    adsl, rows = datasets["ADSL"].frame, full.contrasts.set_index("comparison")
    assert rows["selection"].iloc[0] == "subgroup"
    inside = adsl["SUBGRFL"] == "Y"
    assert set(adsl.loc[~inside, "SUBGRFL"]) == {"N"}
    assert inside[adsl["RANDPER"] == 2].all()
    assert inside.sum() == rows.loc[study.design.hypotheses()[1], ["patients_arm", "patients_control"]].sum()
