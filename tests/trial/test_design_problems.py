import pytest
from pydantic import ValidationError

from sciatrial.clinic import Protocol
from tests.trial.conftest import CELLS, SALINE, SHAM, small_design

NSAID = Protocol(intervention="nsaid")


ONE_LOOK = {"looks": {"information": (0.5,)}, "accrual": {"per_month": 4}}
FUTILITY = {"kind": "hwang_shih_decani", "gamma": -2, "binding": "binding"}


def names(design):
    return [comparison.name for comparison in design.compared()]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"endpoint": {"outcome": "leg_pain", "month": 5}}, "endpoint.month: 5 is not a visit; visits are 1, 3, 6"),
        ({"endpoint": {"outcome": "happiness", "month": 6}}, "endpoint.outcome"),
        ({"comparisons": [{"arm": "cels", "control": "saline"}]}, "comparisons.0.arm: 'cels' is not an arm"),
        ({"comparisons": [{"arm": "cells", "control": "sham"}]}, "comparisons.0.control: 'sham' is not an arm"),
        ({"comparisons": [{"arm": "cells", "control": "cells"}]}, "an arm cannot be its own control"),
        (
            {"comparisons": [{"arm": "cells", "control": "saline"}] * 2},
            "comparisons.1: cells vs saline is listed twice",
        ),
        ({"allocation": {"cells": 2}}, "allocation: arm saline is missing"),
        ({"allocation": {"cells": 2, "saline": 1, "sham": 1}}, "allocation.sham: no such arm"),
        ({"allocation": {"cells": 0, "saline": 1}}, "allocation.cells"),
        ({"allocation": {"cells": 20, "saline": 1}}, "every arm needs two patients or more"),
        ({"allocation": {"cells": 0.5, "saline": 0.6}}, "allocation\n  Value error, holds shares, which sum to 1.1"),
        ({"visits_months": (3, 1, 6)}, "visits_months: give each visit once, in increasing order"),
        ({"visits_months": (1, 6, 6)}, "visits_months: give each visit once, in increasing order"),
        ({"visits_months": ()}, "visits_months: give one visit or more"),
        ({"visits_months": (0, 6)}, "visits_months.0"),
        ({"n_total": 3}, "n_total"),
        ({"n_total": None}, "give n_total or n_per_arm"),
        ({"n_per_arm": 12}, "give n_total or n_per_arm"),
        ({"n_total": None, "n_per_arm": 12, "allocation": {"cells": 1, "saline": 1}}, "leave allocation out"),
        ({"arms": {"cells": CELLS}}, "arms: there are 1; two arms or more; add a table"),
        ({"alpha": 0.5}, "alpha"),
        ({"dropout_per_year": 1.0}, "dropout_per_year"),
        ({"rescue": {"score": "quality_of_life", "above": 50}}, "quality_of_life is worse below one"),
        ({"rescue": {"score": "leg_pain", "above": 100}}, "less than 100"),
        ({"rescue": {"score": "leg_pain", "above": 50, "intervention": "opioid"}}, "rescue.intervention"),
        ({"sample": 4}, "sample"),
    ],
)
def test_a_design_that_makes_no_sense_is_refused(changes, said):
    with pytest.raises(ValidationError) as raised:
        small_design(**changes)
    assert said in str(raised.value)


@pytest.mark.parametrize("arm", [NSAID, SALINE.model_copy(update={"co_treatments": ("nsaid",)})])
def test_rescue_with_tablets_that_an_arm_takes_anyway_is_refused(arm):
    with pytest.raises(ValidationError) as raised:
        small_design(arms={"cells": CELLS, "tablets": arm}, rescue={"score": "leg_pain", "above": 50})
    assert "rescue.intervention: arm tablets takes nsaid anyway" in str(raised.value)


def test_binding_futility_is_refused_with_an_mmrm_and_allowed_with_an_ancova():
    words = ONE_LOOK | {"sides": "one_sided", "looks": {"information": (0.5,), "futility": FUTILITY}}
    with pytest.raises(ValidationError, match=r"looks.futility.binding: binding, .*; non_binding; write"):
        small_design(**words, analysis="mmrm")
    assert small_design(**words, analysis="ancova").looks.futility.binding == "binding"
    words["looks"]["futility"] = FUTILITY | {"binding": "non_binding"}
    assert small_design(**words, analysis="mmrm").looks.futility.binding == "non_binding"


@pytest.mark.parametrize(
    ("information", "said"),
    [
        ((0.999,), r"looks.information.0: 0.999 is 160 observed endpoints, all of the 160 that are planned"),
        ((0.5, 0.5001), r"looks.information.1: 0.5001 is 81 observed endpoints, after a look at 80"),
        ((0.5, 0.50000001, 0.7), r"looks.information.1: .* is 81 observed endpoints, after a look at 80"),
        ((0.49999, 0.5), r"looks.information.1: 0.5 is 80 observed endpoints, after a look at 80"),
    ],
)
def test_looks_that_whole_endpoints_cannot_tell_apart_are_refused(information, said):
    with pytest.raises(ValidationError, match=said):
        small_design(n_total=160, accrual={"per_month": 4}, looks={"information": information})


def test_what_is_wrong_with_sides_is_told_where_alpha_is_left_out():
    with pytest.raises(ValidationError, match="sides"):
        small_design(sides="three_sided")


@pytest.mark.parametrize("from_month", [3.5, 6, 9])
@pytest.mark.parametrize("strategy", ["hypothetical", "composite"])
def test_rescue_that_no_visit_before_the_endpoint_can_give_is_refused(from_month, strategy):
    words = {"analysis": "mmrm", "rescue": {"score": "leg_pain", "above": 50, "from_month": from_month}}
    with pytest.raises(ValidationError, match=r"rescue.from_month: .* leaves no visit before the endpoint at month 6"):
        small_design(**words, estimand={"rescue": strategy})
    assert small_design(**words).estimand.rescue == "treatment_policy"


def test_all_problems_are_told_at_once():
    with pytest.raises(ValidationError) as raised:
        small_design(visits_months=(3, 1), allocation={"cells": 1}, comparisons=[{"arm": "x", "control": "saline"}])
    said = str(raised.value)
    for part in ("increasing order", "6 is not a visit", "arm saline is missing", "'x' is not an arm"):
        assert part in said


def test_a_design_cannot_be_changed_after_it_was_checked():
    with pytest.raises(ValidationError):
        small_design().alpha = 0.2


TOGETHER = {
    "arms": {"cells": CELLS, "sham": SHAM, "saline": SALINE},
    "comparisons": [{"arm": "cells", "control": "saline"}, {"arm": "sham", "control": "saline"}],
    "multiplicity": {"method": "holm"},
}


def test_two_tables_that_each_say_how_the_trial_goes_are_refused():
    with pytest.raises(ValidationError) as raised:
        small_design(**TOGETHER, accrual={"per_month": 10}, platform={"arms": {"sham": {"enters_month": 6}}})
    assert "platform: cannot be combined with multiplicity; one of the two; delete one" in str(raised.value)


def test_a_boundary_for_harm_that_trials_would_not_follow_is_refused():
    stopping = {"event": "harm", "arm": "cells", "acceptable": 0.1, "every": 10, "rule": "pocock", "alpha": 0.05}
    safety = {"follow_up_months": 12, "stopping": stopping | {"true_share": 0.2}}
    with pytest.raises(ValidationError) as raised:
        small_design(**TOGETHER, accrual={"per_month": 10}, safety=safety)
    assert "safety.stopping: is followed by simulated trials, which those of multiplicity" in str(raised.value)
    assert small_design(**TOGETHER, safety=safety | {"stopping": stopping}).safety is not None
