"""Interventions with doses, routes and roles."""

import pytest

from sciatrial.clinic import Protocol
from sciatrial.exchange.usdm_interventions import add_interventions, experimental_arms, in_words
from sciatrial.exchange.usdm_pieces import Pieces
from sciatrial.study import read_study
from sciatrial.trial import Rescue

DESIGN = read_study("studies/epidural_cells_radicular.toml").design
TABLETS = Protocol(intervention="gabapentinoid", daily_dose_mg=300, course_weeks=6)


def interventions(**arms):
    return add_interventions(Pieces(), DESIGN.model_copy(update={"arms": {**DESIGN.arms, **arms}}))


def test_cells_have_their_dose_in_millions_and_a_product():
    cells = interventions().by_arm["cells"][0]
    given = cells["administrations"][0]
    assert given["dose"]["value"] == 20
    assert given["dose"]["unit"]["standardCode"]["decode"] == "Million Therapeutic Cells Dosing Unit"
    assert given["route"]["standardCode"]["decode"] == "Epidural Route of Administration"
    assert given["frequency"]["standardCode"]["decode"] == "Once"
    assert given["administrableProductId"] == interventions().products[0]["id"]
    assert cells["role"]["decode"] == "Protocol Agent"


def test_every_dose_is_an_administration_at_its_week():
    twice = DESIGN.arms["cells"].model_copy(update={"n_doses": 2, "weeks_between_doses": 6, "weeks_until_treatment": 4})
    given = interventions(cells=twice).by_arm["cells"][0]["administrations"]
    assert [item["duration"]["quantity"] for item in given] == [None, None]
    told = [item["duration"]["text"] for item in interventions(cells=twice).by_arm["cells"][0]["administrations"]]
    assert told == ["once, 4 weeks after randomisation", "once, 10 weeks after randomisation"]


def test_tablets_are_a_course_with_their_daily_dose():
    tablets = interventions(cells=TABLETS).by_arm["cells"][0]["administrations"]
    assert len(tablets) == 1
    assert tablets[0]["duration"]["quantity"]["value"] == 6
    assert tablets[0]["dose"]["unit"]["standardCode"]["decode"] == "Milligram per 24 Hours"


def test_rescue_and_what_everybody_takes_beside_have_their_roles():
    beside = DESIGN.arms["cells"].model_copy(update={"co_treatments": ("physiotherapy",)})
    found = interventions(cells=beside)
    assert found.rescue[0]["role"]["decode"] == "Rescue Medications"
    assert [item["role"]["decode"] for item in found.by_arm["cells"]] == ["Protocol Agent", "Background Treatment"]
    assert len(found.all) == 5


def test_usual_care_is_no_intervention():
    assert interventions(saline=Protocol(intervention="usual_care")).by_arm["saline"] == []


def test_without_cells_the_first_arm_of_a_comparison_is_what_the_trial_is_about():
    arms = {"tablets": TABLETS, "saline": DESIGN.arms["saline"]}
    assert experimental_arms(DESIGN.model_copy(update={"arms": arms, "comparisons": ()})) == ("saline",)
    assert experimental_arms(DESIGN) == ("cells",)


@pytest.mark.parametrize(
    ("protocol", "told"),
    [
        (DESIGN.arms["cells"], "cell therapy, allogeneic uc msc, 20 million in saline, epidural transforaminal"),
        (DESIGN.arms["steroid"], "epidural steroid (triamcinolone), 40 mg, epidural transforaminal"),
        (TABLETS, "gabapentinoid (pregabalin), 300 mg a day"),
    ],
)
def test_an_arm_is_told_in_words(protocol, told):
    assert in_words(protocol) == told


@pytest.mark.parametrize(("weeks", "told"), [(4, "4 weeks after the visit"), (0, "at the visit")])
def test_surgery_as_rescue_is_once_and_no_course(weeks, told):
    rescue = Rescue(score="leg_pain", above=60, intervention="surgery", weeks_until_surgery=weeks)
    (surgery,) = add_interventions(Pieces(), DESIGN.model_copy(update={"rescue": rescue})).rescue
    (given,) = surgery["administrations"]
    assert surgery["type"]["decode"] == "Surgical Procedure"
    assert given["frequency"]["standardCode"]["decode"] == "Once"
    assert told in given["duration"]["text"]
    assert given["duration"]["quantity"] is None
    (tablets,) = interventions().rescue[0]["administrations"]
    assert tablets["duration"]["quantity"]["value"] == DESIGN.rescue.course_weeks
