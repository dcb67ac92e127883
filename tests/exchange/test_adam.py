"""The datasets of a trial: what stands in them, and that the trial's own number comes out of them."""

import numpy as np
import pytest

from sciatrial.exchange import adam_datasets
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
