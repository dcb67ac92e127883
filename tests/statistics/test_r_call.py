import pytest

from sciatrial.statistics import (
    POCOCK,
    Binding,
    FixedFutility,
    HaybittlePeto,
    Sides,
    Spending,
    SpendingKind,
    WangTsiatis,
    bounds_at_realised_information,
    group_sequential_design,
    rpact_call,
)

LDOF = Spending(SpendingKind.O_BRIEN_FLEMING_TYPE)


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        ({}, ['typeOfDesign = "OF"', "informationRates = c(0.5, 1)", "alpha = 0.025", "beta = 0.2", "sided = 1"]),
        ({"efficacy": POCOCK, "sides": Sides.TWO}, ['typeOfDesign = "P"', "sided = 2"]),
        ({"efficacy": WangTsiatis(0.25)}, ['typeOfDesign = "WT"', "deltaWT = 0.25"]),
        ({"efficacy": HaybittlePeto(3.1)}, ['typeOfDesign = "HP"', "constantBoundsHP = 3.1"]),
        ({"efficacy": LDOF}, ['typeOfDesign = "asOF"']),
        ({"efficacy": Spending(SpendingKind.KIM_DEMETS, 2.0)}, ['typeOfDesign = "asKD"', "gammaA = 2"]),
        (
            {"efficacy": Spending(SpendingKind.USER, None, (0.01, 0.025))},
            ['typeOfDesign = "asUser"', "userAlphaSpending = c(0.01, 0.025)"],
        ),
        (
            {"efficacy": LDOF, "futility": Spending(SpendingKind.HWANG_SHIH_DECANI, -2.0)},
            ['typeBetaSpending = "bsHSD"', "gammaB = -2", "bindingFutility = FALSE"],
        ),
        (
            {"futility": FixedFutility((0.5,)), "binding": Binding.BINDING},
            ["futilityBounds = c(0.5)", "bindingFutility = TRUE"],
        ),
        ({"futility": FixedFutility((-float("inf"),))}, ["futilityBounds = c(-6)"]),
        (
            {"efficacy": LDOF, "futility": FixedFutility((0.0,)), "futility_only_looks": (1,)},
            ["userAlphaSpending = c(0, 0.025)"],
        ),
    ],
)
def test_the_call_names_every_rule(settings, parts):
    text = rpact_call(group_sequential_design([0.5, 1], **settings))
    assert text.startswith("rpact::getDesignGroupSequential(")
    assert text.endswith(")")
    for part in parts:
        assert part in text


def test_a_design_that_was_moved_is_called_by_what_it_spends():
    planned = group_sequential_design([0.5, 1], efficacy=Spending(SpendingKind.KIM_DEMETS, 1.0))
    text = rpact_call(bounds_at_realised_information(planned, (0.4, 1.1)))
    assert 'typeOfDesign = "asUser"' in text
    assert "userAlphaSpending = c(0.01, 0.025)" in text


def test_a_fixed_design_has_no_futility_arguments():
    assert "futility" not in rpact_call(group_sequential_design())
