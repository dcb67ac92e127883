"""Certainty: each domain moves when, and only when, its numbers say so."""

import dataclasses

import pandas as pd
import pytest

from sciatrial.foundation import EvidenceError
from sciatrial.synthesis.bias import DOMAINS
from sciatrial.synthesis.certainty import Certainty, Domain, Grade, Override, certainty_of, epidural_routes
from sciatrial.synthesis.comparison import synthesise
from sciatrial.synthesis.question import Question

ASKED = Question("leg_pain", 12)


def judged(evidence, asked=ASKED, **options):
    made = certainty_of(evidence, synthesise(evidence, asked, with_sensitivity=False), **options)
    return made, dict(zip(made.domains["domain"], made.domains["steps_down"], strict=True)) if len(made.domains) else {}


def without_bias(evidence):
    studies = [study for study in evidence.studies["study_id"] if study.startswith("planted")]
    rows = [
        {
            "study_id": study,
            "tool": "rob2",
            "domain": domain.value,
            "judgement": "low",
            "source_url": "",
            "figure_from": "paper",
        }
        for study in studies
        for domain in DOMAINS
    ]
    return dataclasses.replace(evidence, risk_of_bias=pd.concat([evidence.risk_of_bias, pd.DataFrame(rows)]))


def test_no_direct_evidence_has_no_grade(evidence):
    made, steps = judged(evidence)
    assert made.grade == Grade.NONE
    assert not steps


def test_large_sound_trials_of_the_very_question_are_of_high_certainty(planted):
    made, steps = judged(without_bias(planted), asked_routes=epidural_routes(), important_difference=10.0)
    assert steps[Domain.RISK_OF_BIAS] == steps[Domain.INDIRECTNESS] == steps[Domain.IMPRECISION] == 0
    assert made.starts == Grade.HIGH


def test_what_nobody_assessed_lowers_the_certainty(planted):
    _, steps = judged(planted)
    assert steps[Domain.RISK_OF_BIAS] == 1


def test_back_pain_by_a_needle_into_the_disc_is_indirect_twice(evidence):
    made, steps = judged(evidence, Question("pain", 12), asked_routes=epidural_routes())
    assert steps[Domain.INDIRECTNESS] == 2
    assert made.grade == Grade.VERY_LOW


def test_back_pain_is_direct_where_the_question_is_about_it(evidence):
    _, steps = judged(evidence, Question("pain", 12), about_leg_pain=False)
    assert steps[Domain.INDIRECTNESS] == 0


def test_trials_that_disagree_lower_it(planted, plant):
    torn = plant(planted, "planted5", cells=-20.0, saline=-45.0)
    _, steps = judged(torn)
    assert steps[Domain.INCONSISTENCY] >= 1


def test_few_patients_lower_it(evidence, plant):
    _, steps = judged(plant(evidence, "planted1", n=12))
    assert steps[Domain.IMPRECISION] >= 1


def test_trials_without_a_number_lower_it(evidence, plant):
    silent = plant(plant(evidence, "planted1"), "silent1", cells=None, saline=None, n=500)
    made, steps = judged(silent)
    assert steps[Domain.PUBLICATION_BIAS] == 1
    assert "silent1" in " ".join(made.domains["numbers"])


def test_studies_that_are_not_randomised_start_low(planted):
    answer = synthesise(planted, ASKED, with_sensitivity=False)
    studies = planted.studies.assign(
        design=planted.studies["design"].where(
            ~planted.studies["study_id"].str.startswith("planted"), "controlled_nonrandomised"
        )
    )
    made = certainty_of(dataclasses.replace(planted, studies=studies), answer)
    assert made.starts == Grade.LOW


def test_a_person_may_decide_otherwise_and_the_draft_stays_visible(planted):
    override = Override(Domain.RISK_OF_BIAS, 0, "protocols and statistical plans were read")
    made, steps = judged(planted, overrides=[override])
    row = made.domains.set_index("domain").loc["risk_of_bias"]
    assert steps[Domain.RISK_OF_BIAS] == 0
    assert row["drafted"] == "serious"
    assert row["reason"] == override.reason


def test_an_override_without_a_reason_is_refused():
    with pytest.raises(EvidenceError, match="three words or more"):
        Override(Domain.IMPRECISION, 5, "no")


def test_the_important_difference_comes_from_the_facts_table(evidence):
    made, _ = judged(evidence, Question("pain", 12))
    assert made.important_difference == 15
    assert "MIC_consensus_VAS" in made.important_difference_source


def test_an_important_difference_must_be_a_size(planted):
    with pytest.raises(EvidenceError, match="above 0"):
        judged(planted, important_difference=-10)


def test_every_judgement_has_its_rule_and_its_numbers(planted):
    made, _ = judged(planted)
    assert set(made.domains["domain"]) == {domain.value for domain in Domain}
    assert (made.domains[["rule", "numbers"]] != "").all().all()


def test_a_certainty_can_be_saved_and_loaded(planted, tmp_path):
    made, _ = judged(planted)
    assert Certainty.load(made.save(tmp_path / "certainty")).grade == made.grade
    assert made.grade.replace("_", " ") in repr(made)


def test_trials_that_agree_are_not_called_inconsistent_because_they_are_few(evidence, plant):
    two = plant(plant(evidence, "planted1", cells=-32.0), "planted2", cells=-32.0)
    _, steps = judged(two)
    assert steps[Domain.INCONSISTENCY] == 0


def test_responders_with_an_irritated_root_are_direct(evidence, plant):
    shares = plant(evidence, "planted1", responders=(60.0, 30.0))
    made, _ = judged(shares, Question("responder", 12))
    weight = made.domains.set_index("domain").loc["indirectness", "numbers"]
    assert not weight.startswith("weight without leg pain from a root 100")


def test_a_question_about_one_product_looks_for_its_own_silent_trials(evidence):
    made, _ = judged(evidence, Question("pain", 12, treatment="cell_therapy: bm_msc"))
    told = made.domains.set_index("domain").loc["publication_bias", "numbers"]
    assert "vadala2025" not in told  # followed for six months
    assert "brtx100" in told


def test_a_trial_that_was_not_followed_so_long_is_not_missing(evidence, plant):
    short = plant(plant(evidence, "planted1"), "short1", cells=None, saline=None, n=500, month=3.0)
    made, steps = judged(short)
    assert "short1" not in " ".join(made.domains["numbers"])
    assert steps[Domain.PUBLICATION_BIAS] == 0
