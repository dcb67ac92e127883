import pytest

from tests.trial.adaptive import LOOK, SEVERAL, arms_design
from tests.trial.conftest import SHAM, small_design

WRONG = [
    ({"sides": "two_sided"}, "sides: two_sided, and multi_arm shows that arms are better; one_sided"),
    ({"analysis": "mmrm"}, "analysis: mmrm, and stages are combined"),
    ({"looks": {}, "multi_arm": {}}, "multi_arm: has no look at which arms are selected"),
    ({"multi_arm": {"most": [1, 1]}}, "multi_arm.most: 2 for 1 interim looks; one for each, or none"),
    ({"looks": LOOK | {"futility": {"kind": "fixed", "bounds_z": [0]}}}, "looks.futility: is a bound for one"),
    ({"looks": LOOK | {"deciding": {"arm": "cells", "control": "saline"}}}, "looks.deciding: one comparison stops"),
    ({"comparisons": [{"arm": "cells", "control": "saline"}]}, "comparisons: are 1; two or more"),
    ({"imputation": {"rules": ["jump_to_reference"]}}, "imputation"),
    ({"multiplicity": {"method": "holm"}}, "multiplicity: cannot be combined with multi_arm"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "told"), WRONG, ids=[told[:30] for _, told in WRONG])
def test_what_does_not_fit_several_arms_is_named_by_key(words, told):
    with pytest.raises(ValueError) as error:
        arms_design(**words)
    assert told in str(error.value)


def test_comparisons_with_two_controls_are_no_family():
    arms = SEVERAL["arms"] | {"sham": SHAM}
    with pytest.raises(ValueError, match="have the controls saline, sham; one"):
        arms_design(arms=arms)


def test_several_arms_need_no_deciding_comparison_and_all_of_them_place_the_looks():
    design = arms_design()
    assert design.deciding_arms() == ("cells", "more", "saline")
    assert design.look_endpoints() == (24,)
    with pytest.raises(ValueError, match=r"or \[trial.multi_arm\]"):
        small_design(**SEVERAL, looks=LOOK)


def test_a_rule_left_out_selects_everybody():
    selection = arms_design(multi_arm={}).multi_arm.selection(1)
    assert (selection.most, selection.above_z, selection.within_z) == (8, float("-inf"), float("inf"))
