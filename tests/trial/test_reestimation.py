import pytest

from tests.trial.adaptive import LOOK, blinded_design, size_design

WRONG = [
    ({"lowest": None}, "reestimation.lowest: is missing; kind promising_zone needs it"),
    ({"lowest": 0.9}, "reestimation.lowest: 0.9 is not below the target, 0.8"),
    ({"most": 30}, "reestimation.most: 30 is below the planned 40"),
    ({"least": 50}, "reestimation.least: has no meaning with kind promising_zone"),
    ({"test": "ordinary"}, "reestimation.test: ordinary holds alpha only in a promising zone"),
    ({"kind": "conditional_power", "lowest": None, "test": "ordinary"}, "reestimation.test: ordinary holds alpha"),
    ({"kind": "conditional_power", "lowest": None, "least": 90}, "reestimation.least: 90 is above the most, 80"),
    (
        {"kind": "conditional_power", "lowest": None, "least": 25},
        "reestimation.least: 25 leaves some 5 endpoints after the look at 20; 10 or more, 5 in each arm",
    ),
    ({"effect": 5}, "reestimation.effect: has no meaning with kind promising_zone"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "told"), WRONG)
def test_a_rule_that_does_not_fit_is_named_by_key(rule, told):
    with pytest.raises(ValueError) as error:
        size_design(**rule)
    assert told in str(error.value)


def test_what_cannot_be_combined_is_refused_by_name():
    words = size_design().model_dump(exclude_unset=True)
    cases = [
        ({"analysis": "mmrm"}, "analysis: mmrm"),
        ({"sides": "two_sided"}, "sides: two_sided"),
        ({"looks": {"information": [0.3, 0.6]}}, "there are 2 interim looks; one"),
        ({"looks": {}}, "there are 0 interim looks"),
        (
            {"looks": {"information": [0.8]}},
            "looks.information.0: 0.8 leaves some 8 endpoints after the look at 32; 10",
        ),
        ({"time_trend": {"points_per_year": 3}}, "time_trend: cannot be combined with reestimation"),
        (
            {
                "comparisons": [{"arm": "cells", "control": "saline"}, {"arm": "saline", "control": "cells"}],
                "looks": LOOK | {"deciding": {"arm": "cells", "control": "saline"}},
            },
            "comparisons: there are 2; one, whose result sets the size",
        ),
    ]
    for changes, told in cases:
        with pytest.raises(ValueError) as error:
            type(size_design()).model_validate(words | changes)
        assert told in str(error.value)


def test_a_blinded_size_needs_endpoints_before_the_planned_end_and_no_look():
    with pytest.raises(ValueError, match="at_endpoints: 40 is not below the 40 that are planned"):
        blinded_design(at_endpoints=40)
    words = blinded_design().model_dump(exclude_unset=True)
    with pytest.raises(ValueError, match="none with blinded"):
        type(blinded_design()).model_validate(words | {"looks": LOOK})


def test_the_planned_size_stays_and_as_many_as_the_most_are_sampled():
    assert (size_design().size, size_design().most_patients) == (40, 80)
    assert size_design(lowest=0.5, test="ordinary").reestimation.is_ordinary
