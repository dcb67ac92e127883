import numpy as np
import pytest

from sciatrial.trial import ResponseAdaptive
from sciatrial.trial.response_adaptive import shares_by_rule
from tests.trial.conftest import CELLS, SALINE, SHAM, small_design

ARMS = {"low": CELLS, "high": CELLS.model_copy(update={"dose_million_cells": 80}), "saline": SALINE}
EVERYBODY = np.ones(3, dtype=bool)


def rule(**words):
    return ResponseAdaptive.model_validate({"burn_in": 12, "every": 6, **words})


def adaptive(**words):
    changes = {name: words.pop(name) for name in list(words) if name in ("n_total", "arms", "accrual", "analysis")}
    changes = {"arms": ARMS, "n_total": 60, "accrual": {"per_month": 5}} | changes
    return small_design(**changes, response_adaptive={"burn_in": 12, "every": 6, **words})


def test_a_matched_control_gets_as_much_as_the_arm_that_gets_most():
    shares = shares_by_rule(rule(power=1), np.array([0.25, 0.75, 0.0]), EVERYBODY, 2)
    assert shares == pytest.approx(np.array([0.25, 0.75, 0.75]) / 1.75)


def test_a_fixed_control_gets_its_share_and_a_competing_one_what_it_earns():
    fixed = rule(power=1, control="fixed", control_share=0.4)
    assert shares_by_rule(fixed, np.array([0.25, 0.75, 0.0]), EVERYBODY, 2) == pytest.approx([0.15, 0.45, 0.4])
    competing = rule(power=0.5, control="competing")
    roots = np.sqrt([0.1, 0.6, 0.3])
    assert shares_by_rule(competing, np.array([0.1, 0.6, 0.3]), EVERYBODY, 2) == pytest.approx(roots / roots.sum())


def test_power_0_never_adapts():
    shares = shares_by_rule(rule(power=0), np.array([0.01, 0.99, 0.0]), EVERYBODY, 2)
    assert shares == pytest.approx([1 / 3] * 3)


def test_shares_stay_within_their_bounds_and_sum_to_1():
    bounded = rule(power=1, control="competing", least_share=0.2, greatest_share=0.5)
    assert shares_by_rule(bounded, np.array([0.0, 0.95, 0.05]), EVERYBODY, 2) == pytest.approx([0.2, 0.5, 0.3])
    least = rule(power=1, control="competing", least_share=0.1)
    assert shares_by_rule(least, np.array([0.02, 0.49, 0.49]), EVERYBODY, 2) == pytest.approx([0.1, 0.45, 0.45])


def test_a_dropped_arm_gets_nobody():
    left = np.array([False, True, True])
    shares = shares_by_rule(rule(power=1, greatest_share=0.6), np.array([0.0, 0.98, 0.0]), left, 2)
    assert shares == pytest.approx([0, 0.5, 0.5])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"accrual": None}, "accrual: is missing; patients a month"),
        ({"analysis": "mmrm"}, "analysis: mmrm of a change from baseline with response_adaptive; ancova"),
        ({"every_months": 2}, "response_adaptive.every: is one of two"),
        ({"month": 4}, "response_adaptive.month: 4 is no visit up to the endpoint's; one of 1, 3, 6"),
        ({"control_share": 0.3}, 'response_adaptive.control_share: belongs to control = "fixed"'),
        ({"control": "fixed"}, 'response_adaptive.control_share: belongs to control = "fixed"'),
        ({"least_share": 0.6}, "response_adaptive.least_share: 0.6 for each of 2 arms is more than all"),
        ({"greatest_share": 0.4}, "response_adaptive.greatest_share: 0.4 for each of 2 arms leaves patients over"),
        ({"burn_in": 60}, "response_adaptive.burn_in: 60 of 60 patients leaves nobody to adapt for"),
        ({"burn_in": 5}, "response_adaptive.burn_in: 5 is fewer than two patients in some arm; 6 or more"),
        ({"every": 5}, "response_adaptive.every: periods of 5 between updates are too short .*; 6 patients or more"),
        ({"every": None, "every_months": 1}, "response_adaptive.every_months: periods of 5.* between updates"),
        ({"alone": True, "urn_mass": 8}, "response_adaptive.urn_mass: has no meaning with alone = true"),
        ({"arms": {"low": CELLS}}, "arms: there are 1; two arms or more"),
        ({"arms": {"cells": CELLS, "saline": SALINE}}, "response_adaptive.control: matched, and one other arm"),
        ({"arms": {"cells": CELLS, "saline": SALINE, "sham": SHAM}}, "comparisons: do not compare every other arm"),
    ],
)
def test_what_does_not_fit_is_named(words, told):
    with pytest.raises(ValueError, match=told):
        adaptive(**words)


def test_what_is_no_contradiction_stands():
    assert adaptive(every=1, adjust_for_period=False).response_adaptive.every == 1
    assert adaptive(every=6).response_adaptive.adjust_for_period
    assert adaptive(every=None, every_months=1.2).response_adaptive.every_months == 1.2
    written_out = adaptive(alone=True).model_dump(mode="json")
    assert type(adaptive()).model_validate(written_out) == adaptive(alone=True)


def test_it_stands_in_no_pool():
    from sciatrial.foundation import TrialError
    from sciatrial.trial import refuse_pooling

    with pytest.raises(TrialError, match="response_adaptive"):
        refuse_pooling(adaptive())
