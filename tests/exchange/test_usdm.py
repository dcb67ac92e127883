"""The design as a USDM document: complete, consistent, and without anything made up."""

import json

import pytest

from sciatrial.exchange import to_usdm
from sciatrial.exchange.usdm import endpoint_in_words, is_blind
from sciatrial.foundation import StudyError
from sciatrial.study import read_study

PROGRAM = ("sciatrial", "0.1.0")


def document(name="epidural_cells_phase2b", *, changes=(), sponsor=("A university", "academic_institution")):
    study = read_study(f"studies/{name}.toml", changes=changes)
    text = to_usdm(
        study.design, study.cohort, study=study.name, question=study.settings.question, program=PROGRAM, sponsor=sponsor
    )
    return study.design, json.loads(text)


def walk(piece):
    if isinstance(piece, dict):
        yield piece
        for value in piece.values():
            yield from walk(value)
    elif isinstance(piece, list):
        for value in piece:
            yield from walk(value)


def plan_of(whole):
    return whole["study"]["versions"][0]["studyDesigns"][0]


@pytest.mark.parametrize("name", ["epidural_cells_phase2b", "epidural_cells_radicular", "mpc_intradiscal"])
def test_every_identifier_is_there_once_and_every_reference_is_to_one(name):
    _, whole = document(name)
    pieces = [piece for piece in walk(whole) if "instanceType" in piece]
    ids = [piece["id"] for piece in pieces if piece["id"] is not None]
    assert len(ids) == len(set(ids))
    for piece in pieces:
        for key, value in piece.items():
            if key.endswith("Id") and value is not None:
                assert value in ids, (piece["instanceType"], key)
            if key.endswith("Ids"):
                assert set(value) <= set(ids), (piece["instanceType"], key)


def test_arms_epochs_and_cells_are_those_of_the_design():
    design, whole = document("mpc_intradiscal")
    plan = plan_of(whole)
    assert [arm["name"] for arm in plan["arms"]] == list(design.arms)
    kinds = {arm["name"]: arm["type"]["decode"] for arm in plan["arms"]}
    assert kinds["mpc_6m"] == "Investigational Arm"
    assert kinds["saline"] == "Placebo Control Arm"
    assert kinds["ha"] == "Active Comparator Arm"
    assert len(plan["studyCells"]) == len(design.arms) * 3
    assert plan["population"]["plannedEnrollmentNumber"]["value"] == design.size


def test_every_comparison_has_its_estimand_with_its_intercurrent_event():
    design, whole = document("epidural_cells_radicular")
    estimands = plan_of(whole)["estimands"]
    assert [item["label"] for item in estimands] == [item.name for item in design.compared()]
    for item in estimands:
        assert [event["strategy"] for event in item["intercurrentEvents"]] == ["treatment policy"]
        assert "leg pain exceeds 60 from month 3" in item["intercurrentEvents"][0]["text"]
        assert len(item["interventionIds"]) == 2


def test_without_rescue_there_is_no_intercurrent_event():
    study = read_study("studies/epidural_cells_radicular.toml")
    design = study.design.model_copy(update={"rescue": None})
    whole = json.loads(to_usdm(design, study.cohort, study="x", question="?", program=PROGRAM))
    assert all(item["intercurrentEvents"] == [] for item in plan_of(whole)["estimands"])


def test_criteria_are_those_of_the_cohort():
    _, whole = document()
    texts = [item["label"] for item in whole["study"]["versions"][0]["eligibilityCriterionItems"]]
    assert texts == [
        "leg pain of three months to two years after disc herniation", "duration of symptoms 3 to 24 months",
        "age 18 to 75 years", "leg pain of 40 to 100 (0 to 100) as measured at entry",
    ]  # fmt: skip


def test_what_the_study_file_does_not_say_is_not_there():
    _, whole = document(sponsor=None)
    plan = plan_of(whole)
    assert plan["studyPhase"] is None
    assert plan["indications"][0]["codes"] == []
    sponsor = whole["study"]["versions"][0]["organizations"][0]
    assert sponsor["type"]["decode"] == "not named in the study file"
    assert whole["study"]["versions"][0]["dateValues"] == []


def test_an_unknown_kind_of_sponsor_is_told():
    with pytest.raises(StudyError, match="academic_institution"):
        document(sponsor=("x", "academic"))


def test_interim_looks_and_sites_are_told():
    _, whole = document()
    plan = plan_of(whole)
    assert plan["model"]["decode"] == "Group Sequential Design"
    assert any("Interim looks at shares 0.5" in note["text"] for note in plan["notes"])
    _, fixed = document("epidural_cells_radicular")
    assert plan_of(fixed)["model"]["decode"] == "Parallel Study"


def test_arms_that_patients_can_tell_apart_are_not_blind():
    design, whole = document()
    assert is_blind(design)
    assert plan_of(whole)["blindingSchema"]["standardCode"]["decode"] == "Double Blind Study"
    changes = ['arms.saline={ intervention="usual_care" }']
    open_design, open_whole = document(changes=changes)
    assert not is_blind(open_design)
    assert plan_of(open_whole)["blindingSchema"]["standardCode"]["decode"] == "Open Label Study"
    assert "PATIENT" not in {role["name"] for role in open_whole["study"]["versions"][0]["roles"]}


def test_the_endpoint_is_told_in_words():
    design, _ = document()
    assert endpoint_in_words(design) == "Change of leg pain (0 to 100) from baseline at month 6"
    category = design.endpoint.model_copy(update={"categories": (20.0, 50.0)})
    told = endpoint_in_words(design.model_copy(update={"endpoint": category}))
    assert told == "Category of leg pain (0 to 100) at month 6, cut at 20, 50"


OWN_CELLS = (
    'arms.cells={ intervention="cell_therapy", cell_type="bmac", donor="autologous", dose_million_cells=20, '
    'carrier="saline", volume_ml=2.0, route="epidural_transforaminal" }'
)


@pytest.mark.parametrize(
    "change",
    ['arms.cells.co_treatments=["physiotherapy"]', OWN_CELLS, "arms.cells.weeks_until_treatment=2"],
    ids=["beside", "harvest", "days"],
)
def test_arms_with_more_beside_or_own_cells_taken_are_not_blind(change):
    design, whole = document(changes=[change])
    assert not is_blind(design)
    assert plan_of(whole)["blindingSchema"]["standardCode"]["decode"] == "Open Label Study"


def test_tablets_for_another_time_are_not_blind():
    tablets = '{{ intervention="{}", course_weeks={} }}'
    words = [f"arms.cells={tablets.format('antidepressant', 6)}", "trial.safety={}"]
    same, _ = document(changes=[*words, f"arms.saline={tablets.format('gabapentinoid', 6)}"])
    other, _ = document(changes=[*words, f"arms.saline={tablets.format('gabapentinoid', 12)}"])
    assert (is_blind(same), is_blind(other)) == (True, False)


def test_a_principal_stratum_is_a_population_of_each_comparison():
    design, whole = document("epidural_cells_radicular", changes=["trial.estimand.rescue=principal_stratum"])
    plan = plan_of(whole)
    everybody, *strata = plan["analysisPopulations"]
    assert len(strata) == len(design.compared()) == 2
    for estimand, stratum, item in zip(plan["estimands"], strata, design.compared(), strict=True):
        assert estimand["analysisPopulationId"] == stratum["id"]
        assert stratum["subsetOfIds"] == [everybody["id"]]
        assert f"neither in {item.arm} nor in {item.control}" in stratum["text"]
        assert "principal stratum" in estimand["populationSummary"]
    _, policy = document("epidural_cells_radicular")
    assert len(plan_of(policy)["analysisPopulations"]) == 1


FACTORS = [
    "trial.factorial={ first={ name='cells', arms=['cells', 'both'] }, "
    "second={ name='exercise', arms=['exercise', 'both'] } }",
    "trial.allocation={ cells=1, saline=1, exercise=1, both=1 }", "trial.comparisons=[]",
    "arms={ cells={ intervention='antidepressant' }, saline={ intervention='placebo_oral' }, exercise={ "
    "intervention='placebo_oral', co_treatments=['physiotherapy'] }, both={ intervention='antidepressant', "
    "co_treatments=['physiotherapy'] } }",
]  # fmt: skip
BOTH = "trial.comparisons=[{ arm='cells', control='saline' }, { arm='steroid', control='saline' }]"


@pytest.mark.parametrize(
    ("changes", "model", "is_adaptive", "note"),
    [
        (FACTORS, "Factorial Study", False, "Factorial (in the study file): first name cells; arms [cells, both]"),
        (["trial.accrual={ per_month=6 }", BOTH, "trial.platform={ arms={ steroid={ enters_month=6 } } }"],
         "Parallel Study", False, "Platform (in the study file): arms steroid: enters month 6"),
        (["trial.accrual={ per_month=6 }", BOTH, "trial.response_adaptive={ burn_in=40, every=30 }"],
         "Parallel Study", True, "Response adaptive (in the study file): burn in 40; every 30"),
        (["trial.multiplicity={ method='holm' }"], "Parallel Study", False,
         "Multiplicity (in the study file): method holm"),
        (["trial.accrual={ per_month=6 }", "trial.time_trend={ points_per_year=3 }"], "Parallel Study", False,
         "Time trend (assumed for the simulation): points per year 3"),
    ],
    ids=["factorial", "platform", "response-adaptive", "multiplicity", "time trend"],
)  # fmt: skip
def test_nothing_of_a_study_file_passes_unsaid(changes, model, is_adaptive, note):
    _, whole = document("epidural_cells_radicular", changes=changes)
    plan = plan_of(whole)
    assert plan["model"]["decode"] == model
    assert ("Adaptive Design" in {code["decode"] for code in plan["characteristics"]}) is is_adaptive
    assert any(note in item["text"] for item in plan["notes"])
