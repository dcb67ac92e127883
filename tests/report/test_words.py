from dataclasses import replace

import numpy as np
import pandas as pd

from sciatrial.report import compare_with_published
from sciatrial.report.words import (
    DISCLAIMER,
    arm_rows,
    calibration_words,
    design_facts,
    findings,
    no_direct_evidence,
    short_table,
)
from tests.report.conftest import STUDY, operating_of, trials


def test_the_disclaimer_is_the_agreed_text():
    assert DISCLAIMER == (
        "For research and trial planning. Stem-cell therapy is not a standard treatment for sciatica. "
        "Decisions belong with a qualified clinician who knows the patient."
    )


def test_the_first_sentences_give_assurance_with_its_error_and_the_count_of_published_values(operating, published):
    text = " ".join(findings(operating, compare_with_published(operating, published, {"cells": "msc"})))
    assert "60 % of trials" in text
    assert "± 11.0" in text
    assert "Of 3 published arm results that could be compared, 2 lie inside" in text
    assert "Nothing has been calibrated" in text


def test_draws_that_could_not_enrol_are_told(operating, published):
    rows = trials()
    lost = (rows["scenario"] == "prior") & (rows["trial"] < 5)
    rows.loc[lost, "estimate"] = np.nan
    rows.loc[lost, "why_not"] = "could not enrol: fewer than 1 in 100 candidates met the criteria"
    other = operating_of(rows, operating.courses, operating.inside)
    text = " ".join(findings(other, compare_with_published(other, published, {})))
    assert "Under 5 of 20 prior draws" in text
    assert "No published study stands beside this one" in text


def with_one_look(operating):
    return replace(operating, looks=operating.looks.query("look == 2").assign(look=1))


def test_the_size_for_80_percent_power_follows_the_design_s_own_error(operating):
    row = short_table(with_one_look(operating)).iloc[0]
    factor = ((1.959964 + 0.841621) * 2.0 / 5.0) ** 2
    assert row["size for 80 % power"] == f"× {factor:.1f}"
    assert row["assurance, %"] == "60 ± 11.0"


def test_no_size_is_given_where_there_is_no_effect_to_find(operating):
    other = operating_of(trials().assign(truth=0.0), operating.courses, operating.inside)
    assert short_table(other)["size for 80 % power"].tolist() == ["no effect to find"]


def test_no_size_is_given_where_trials_stop_at_looks(operating):
    assert short_table(operating)["size for 80 % power"].tolist() == ["by formulae: show design"]
    # all of them at the first
    first = replace(operating, looks=operating.looks.query("look == 1"))
    assert short_table(first)["size for 80 % power"].tolist() == ["by formulae: show design"]


def test_no_size_makes_a_harm_a_benefit(operating):
    other = operating_of(trials().assign(truth=5.0), operating.courses, operating.inside)
    assert short_table(with_one_look(other))["size for 80 % power"].tolist() == ["none: a harm"]
    life = replace(with_one_look(other), endpoint={**other.endpoint, "outcome": "quality_of_life"})
    assert short_table(life)["size for 80 % power"].tolist()[0].startswith("× ")


def test_the_design_is_told_in_words():
    facts = dict(design_facts(STUDY))
    assert facts["Randomised"] == "40 patients, saline 1 : cells 1; permuted blocks"
    assert facts["Endpoint"] == "back pain at month 3, change from baseline"
    assert "exceeds 60 from month 1" in facts["Rescue"]
    assert "treatment policy" in facts["Estimand"]


def test_a_hypothetical_estimand_says_what_it_assumes_where_rescue_follows_another_score():
    trial = STUDY["trial"] | {"estimand": {"rescue": "hypothetical"}}
    told = []
    for score in ("leg_pain", "back_pain"):
        words = {**STUDY, "trial": trial | {"rescue": trial["rescue"] | {"score": score}}}
        told.append(dict(design_facts(words))["Estimand"])
    assert "as far as back pain tells leg pain, which rescue follows (assumption)" in told[0]
    assert "assumption" not in told[1]


def test_equal_arms_by_n_per_arm_are_told_as_well():
    trial = {key: value for key, value in STUDY["trial"].items() if key not in ("n_total", "allocation", "rescue")}
    facts = dict(design_facts({**STUDY, "trial": {**trial, "n_per_arm": 20}}))
    assert facts["Randomised"].startswith("40 patients")
    assert facts["Rescue"] == "none"


def test_arms_are_told_in_words():
    rows = pd.DataFrame(arm_rows(STUDY)).set_index("arm")
    assert rows.loc["cells", "receives"] == "allogeneic mpc, 6 million"
    assert rows.loc["cells", "given"] == "2 times, 6 weeks apart"
    assert rows.loc["saline", "in"] == "–"


def test_each_source_of_numbers_says_whether_it_is_calibrated():
    told = [calibration_words(word) for word in ("prior", "reference", "posterior")]
    assert [("not calibrated" in words) for words in told] == [True, True, False]


def test_no_claim_is_made_where_the_evidence_map_holds_no_control():
    mapped = pd.DataFrame({"route": ["perineural"], "outcome": ["leg_pain"], "n_controlled": [0]})
    assert "no claim can be made" in no_direct_evidence(mapped)
    assert no_direct_evidence(mapped.assign(n_controlled=1)) == ""


RESPONSE = {
    "outcome": "leg_pain", "month": 3.0, "measure": "response", "missing": "non_responder",
    "rule": "composite_50pct_pain_15pt_odi_no_intervention",
}  # fmt: skip


def facts_of(endpoint, estimand, analysis):
    trial = {**STUDY["trial"], "endpoint": endpoint, "estimand": estimand, "analysis": analysis}
    return dict(design_facts({**STUDY, "trial": trial}))


def test_a_response_is_told_with_its_rule_and_what_becomes_of_those_who_left():
    told = facts_of(RESPONSE, {"rescue": "composite", "summary_measure": "risk_difference"}, "responders")
    assert "pain 50 % better, disability 15 points better, no further intervention" in told["Endpoint"]
    assert "whoever is not seen then, having left or missed the visit, counts as no responder" in told["Endpoint"]
    assert told["Estimand"].startswith("difference in shares of responders between arms, of all randomised; composite")
    assert "is no responder" in told["Estimand"]
    assert "Newcombe" in told["Analysis"]


def test_categories_and_hierarchies_are_told():
    category = {"outcome": "leg_pain", "month": 3.0, "measure": "category", "categories": [10, 30]}
    told = facts_of(category, {"summary_measure": "common_odds_ratio"}, "proportional_odds")
    assert told["Endpoint"] == "leg pain at month 3 in 3 categories, cut at 10, 30"
    steps = [{"event": "rescue"}, {"rule": "vas20_or_less"}, {"score": "leg_pain", "margin": 10.0}]
    hierarchy = {"outcome": "leg_pain", "month": 3.0, "measure": "hierarchy", "hierarchy": steps}
    told = facts_of(hierarchy, {"summary_measure": "win_odds", "rescue": "composite"}, "win_statistics")
    assert "no rescue before; Pain 20 or less; improvement of leg pain by more than 10" in told["Endpoint"]
    assert "rescue before the endpoint is one of the outcomes" in told["Estimand"]


def test_the_analysis_of_a_principal_stratum_is_called_biased():
    told = facts_of(STUDY["trial"]["endpoint"], {"rescue": "principal_stratum"}, "ancova")
    assert "of a stratum of all randomised" in told["Estimand"]
    assert "its bias is in the table" in told["Estimand"]


def test_every_cohort_of_several_is_told_with_its_share_and_criteria():
    facts = dict(
        design_facts({**STUDY, "population": {"cohorts": {"chronic_radicular": 0.6, "chronic_discogenic": 0.4}}})
    )
    assert "60 % of those screened chronic radicular; symptoms for 3 to 24 months" in facts["Population"]
    assert "40 % of those screened chronic discogenic; symptoms for 6 to 120 months" in facts["Population"]
    told = "chronic radicular: leg pain 40 to 100. chronic discogenic: back pain 40 to 100; disability 30 to 100"
    assert facts["Eligible, as measured at entry"] == told
