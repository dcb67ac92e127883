import pytest

from sciatrial.statistics import (
    Binding,
    FixedFutility,
    HaybittlePeto,
    Sides,
    Spending,
    SpendingKind,
    WangTsiatis,
    group_sequential_design,
)
from sciatrial.trial import EfficacyKind, FutilityKind, Looks
from sciatrial.trial.looks import planned_bounds

RATES = (0.4, 0.7, 1.0)
EFFICACY = {
    "o_brien_fleming": ({}, WangTsiatis(0.0)),
    "pocock": ({}, WangTsiatis(0.5)),
    "wang_tsiatis": ({"delta": 0.25}, WangTsiatis(0.25)),
    "haybittle_peto": ({"interim_z": 3.2}, HaybittlePeto(3.2)),
    "lan_demets_o_brien_fleming": ({}, Spending(SpendingKind.O_BRIEN_FLEMING_TYPE)),
    "lan_demets_pocock": ({}, Spending(SpendingKind.POCOCK_TYPE)),
    "kim_demets": ({"gamma": 2.0}, Spending(SpendingKind.KIM_DEMETS, 2.0)),
    "hwang_shih_decani": ({"gamma": -4.0}, Spending(SpendingKind.HWANG_SHIH_DECANI, -4.0)),
    "user": ({"values": (0.002, 0.01, 0.025)}, Spending(SpendingKind.USER, None, (0.002, 0.01, 0.025))),
}
FUTILITY = {
    "fixed": ({"bounds_z": (0.0, 0.5)}, FixedFutility((0.0, 0.5))),
    "lan_demets_o_brien_fleming": ({}, Spending(SpendingKind.O_BRIEN_FLEMING_TYPE)),
    "lan_demets_pocock": ({}, Spending(SpendingKind.POCOCK_TYPE)),
    "kim_demets": ({"gamma": 1.5}, Spending(SpendingKind.KIM_DEMETS, 1.5)),
    "hwang_shih_decani": ({"gamma": -2.0}, Spending(SpendingKind.HWANG_SHIH_DECANI, -2.0)),
    "user": ({"values": (0.05, 0.1, 0.2)}, Spending(SpendingKind.USER, None, (0.05, 0.1, 0.2))),
}


def looks(**words):
    return Looks.model_validate({"information": RATES[:-1], **words})


def test_every_kind_of_bounds_is_tried():
    assert set(EFFICACY) == set(EfficacyKind)
    assert set(FUTILITY) == set(FutilityKind)


@pytest.mark.parametrize("kind", EFFICACY)
def test_bounds_for_efficacy_are_those_of_the_statistics_room(kind):
    words, rule = EFFICACY[kind]
    mine = looks(spending={"kind": kind, **words})
    assert mine.problems(0.025, Sides.ONE) == []
    expected = group_sequential_design(RATES, alpha=0.025, beta=0.2, efficacy=rule)
    assert planned_bounds(mine, 0.025, Sides.ONE).efficacy_z == pytest.approx(expected.efficacy_z)


@pytest.mark.parametrize("kind", FUTILITY)
@pytest.mark.parametrize("binding", list(Binding))
def test_bounds_for_futility_are_those_of_the_statistics_room(kind, binding):
    words, rule = FUTILITY[kind]
    mine = looks(futility={"kind": kind, "binding": binding, **words}, power=0.8)
    assert mine.problems(0.025, Sides.ONE) == []
    expected = group_sequential_design(
        RATES,
        alpha=0.025,
        beta=0.2,
        efficacy=Spending(SpendingKind.O_BRIEN_FLEMING_TYPE),
        futility=rule,
        binding=binding,
    )
    found = planned_bounds(mine, 0.025, Sides.ONE)
    assert found.futility_z == pytest.approx(expected.futility_z)
    assert found.efficacy_z == pytest.approx(expected.efficacy_z)


def test_without_interim_looks_there_is_the_one_bound_of_a_fixed_design():
    fixed = planned_bounds(Looks(), 0.05, Sides.TWO)
    assert fixed.n_looks == 1
    assert fixed.efficacy_z == pytest.approx((1.959963984540054,))


def test_a_look_for_futility_only_has_no_bound_for_efficacy():
    mine = looks(futility={"kind": "fixed", "bounds_z": (0.0, 0.0)}, futility_only=(1,))
    assert planned_bounds(mine, 0.025, Sides.ONE).efficacy_z[0] == float("inf")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"information": (0.5, 1.0)}, "looks.information.1: 1 is at or beyond full information"),
        ({"information": (0.5, 1.2)}, "looks.information.1: 1.2 is at or beyond full information"),
        ({"information": (0.0, 0.5)}, "looks.information.0: 0 is at zero observed endpoints"),
        ({"information": (0.7, 0.4)}, "looks.information: the looks are not in order"),
        ({"spending": {"kind": "user", "values": (0.01, 0.02, 0.06)}}, "looks.spending.values: 0.06 is spent of 0.025"),
        ({"spending": {"kind": "user", "values": (0.01, 0.025)}}, "looks.spending.values: 2 values for 3 looks"),
        ({"spending": {"kind": "user"}}, "looks.spending.values: is missing"),
        ({"spending": {"kind": "pocock", "gamma": 1}}, "looks.spending.gamma: has no meaning with kind pocock"),
        (
            {"spending": {"kind": "haybittle_peto", "interim_z": 1.5}},
            "looks.spending: look 1: the interim bounds spend",
        ),
        ({"futility": {"kind": "fixed", "bounds_z": (0.0,)}}, "looks.futility.bounds_z: 1 bounds for 3 looks"),
        ({"futility": {"kind": "fixed", "bounds_z": (5.0, 1.0)}}, "looks.futility.bounds_z: look 1: 5 is not below"),
        ({"information": (), "futility": {"kind": "fixed"}}, "looks.futility: has no look to stop at"),
        ({"futility_only": (3,)}, "looks.futility_only: look 3 of 3"),
    ],
)
def test_a_plan_that_makes_no_sense_is_told_with_its_key(words, said):
    problems = looks(**words).problems(0.025, Sides.ONE)
    assert any(problem.startswith(said) for problem in problems), problems
    assert all(problem.count("; ") >= 2 for problem in problems), "found, expected and what to do"


def test_futility_needs_one_side():
    problems = looks(futility={"kind": "fixed", "bounds_z": (0.0, 0.5)}).problems(0.05, Sides.TWO)
    assert problems == ["looks.futility: a two-sided design with futility bounds; a one-sided design; use one side"]
