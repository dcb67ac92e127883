import pytest
from scipy.stats import multivariate_normal, norm

from sciatrial.clinic import Protocol
from sciatrial.trial import Comparison, Design, Rescue
from tests.trial.conftest import CELLS, SALINE, SHAM, small_design

NSAID = Protocol(intervention="nsaid")


ONE_LOOK = {"looks": {"information": (0.5,)}, "accrual": {"per_month": 4}}
FUTILITY = {"kind": "hwang_shih_decani", "gamma": -2, "binding": "binding"}


@pytest.mark.parametrize(("information", "error"), [(0.3, 0.025), (0.6, 0.033)])
def test_binding_futility_errs_more_where_a_look_knows_more_than_its_endpoints(information, error):
    futility = {"kind": "fixed", "bounds_z": [0.8], "binding": "binding"}
    words = ONE_LOOK | {"sides": "one_sided", "looks": {"information": (0.3,), "futility": futility}}
    bounds = small_design(**words, alpha=0.025, analysis="ancova").bounds()
    (first, last), futile = bounds.efficacy_z, bounds.futility_z[0]
    correlation = information**0.5
    both = multivariate_normal([0, 0], [[1, correlation], [correlation, 1]])

    def shown_at_the_end(upper):  # below `upper` at the look
        return norm.cdf(upper) - both.cdf([upper, last])

    shown = norm.sf(first) + shown_at_the_end(first) - shown_at_the_end(futile)
    assert shown == pytest.approx(error, abs=5e-4)


def test_looks_two_endpoints_apart_are_allowed():
    design = small_design(n_total=160, accrual={"per_month": 4}, looks={"information": (0.5, 0.5125, 0.9875)})
    assert design.look_endpoints() == (80, 82, 158)


@pytest.mark.parametrize(("words", "alpha"), [
    ({}, 0.05), ({"sides": "two_sided"}, 0.05), ({"sides": "one_sided"}, 0.025),
    ({"sides": "one_sided", "alpha": 0.05}, 0.05), ({"sides": "two_sided", "alpha": 0.025}, 0.025),
])  # fmt: skip
def test_alpha_left_out_is_that_of_the_sides(words, alpha):
    design = small_design(**words)
    assert design.alpha == alpha
    assert Design.model_validate_json(design.model_dump_json(exclude_unset=True), strict=True).alpha == alpha


def test_rescue_with_other_tablets_than_an_arms_own_is_allowed():
    rescue = {"score": "leg_pain", "above": 50, "intervention": "gabapentinoid"}
    design = small_design(arms={"cells": CELLS, "tablets": NSAID}, rescue=rescue)
    assert isinstance(design.rescue, Rescue)


def test_sizes_follow_the_ratio_in_lowest_terms():
    design = small_design(n_total=30, allocation={"cells": 40, "saline": 20})
    assert design.ratio == {"cells": 2, "saline": 1}
    assert design.expected_sizes() == {"cells": 20, "saline": 10}


def test_n_per_arm_counts_every_arm():
    design = small_design(arms={"a": CELLS, "b": SALINE, "c": SHAM}, n_total=None, n_per_arm=7)
    assert design.size == 21


def names(design):
    return [comparison.name for comparison in design.compared()]


def test_left_out_comparisons_set_every_arm_with_cells_against_every_arm_without():
    arms = {"saline": SALINE, "low": CELLS, "sham": SHAM, "high": CELLS}
    expected = ["low vs saline", "low vs sham", "high vs saline", "high vs sham"]
    assert names(small_design(arms=arms)) == expected


@pytest.mark.parametrize("protocol", [CELLS, SHAM])
def test_arms_of_one_kind_are_compared_with_the_first(protocol):
    arms = {"first": protocol, "second": protocol, "third": protocol}
    assert names(small_design(arms=arms)) == ["second vs first", "third vs first"]


def test_given_comparisons_are_used_as_they_are():
    comparison = Comparison(arm="saline", control="cells")
    assert small_design(comparisons=(comparison,)).compared() == (comparison,)


def test_a_design_comes_back_from_plain_values_as_it_was():
    design = small_design(rescue={"score": "leg_pain", "above": 60}, allocation={"cells": 2, "saline": 1})
    assert Design.model_validate(design.model_dump()) == design
