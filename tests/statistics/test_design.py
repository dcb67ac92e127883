import pytest

from sciatrial.foundation import TrialError
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


def _problems(*arguments, **settings):
    with pytest.raises(TrialError) as found:
        group_sequential_design(*arguments, **settings)
    return found.value


def test_every_problem_is_named_at_once():
    error = _problems(
        [0.0, 0.5, 0.4, 1.2, 1.0],
        alpha=1.5,
        beta=0.0,
        sides=Sides.TWO,
        futility=FixedFutility((0.0,)),
    )
    text = str(error)
    for part in (
        "look 1: 0",
        "look 3: 0.4 is not more than 0.5",
        "look 4: 1.2 is at or beyond full information",
        "look 5: 1 is not more than 1.2",
        "alpha: 1.5",
        "beta: 0",
        "two-sided design with futility bounds",
        "1 bounds for 5 looks",
    ):
        assert part in text
    assert len(error.problems) == 8


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"information_rates": []}, "there is no look"),
        ({"information_rates": [0.5, 0.9]}, "the last rate is 0.9"),
        ({"information_rates": [0.5, float("nan"), 1]}, "nan"),
        ({"alpha": 0.5, "beta": 0.6}, "beta below"),
        ({"efficacy": WangTsiatis(float("inf"))}, "efficacy.delta"),
        ({"efficacy": HaybittlePeto(-1.0)}, "efficacy.interim_z"),
        ({"futility_only_looks": (2,)}, "look 2 of 2"),
        ({"futility": FixedFutility((float("nan"),))}, "futility.bounds_z"),
        ({"futility": Spending(SpendingKind.KIM_DEMETS, -2.0)}, "futility.gamma"),
        (
            {"futility": Spending(SpendingKind.POCOCK_TYPE), "binding": Binding.BINDING},
            "binding beta spending with efficacy bounds of a given shape",
        ),
        ({"efficacy": Spending(SpendingKind.USER, None, (0.03, 0.03))}, "0.03 is spent of 0.025"),
        ({"efficacy": Spending(SpendingKind.USER, None, (0.025,))}, "1 values for 2 looks"),
        ({"futility": FixedFutility((3.0,))}, "not below the efficacy bound"),
        ({"efficacy": HaybittlePeto(1.5)}, "the interim bounds spend"),
    ],
)
def test_a_rule_that_cannot_be_used_says_why(settings, part):
    assert part in str(_problems(**{"information_rates": [0.5, 1], **settings}))


def test_a_design_is_told_in_three_lines():
    text = str(group_sequential_design([0.5, 1], futility=FixedFutility((0.0,))))
    assert len(text.splitlines()) == 3
    assert "futility z 0.000" in text
