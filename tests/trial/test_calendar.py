from dataclasses import replace

import numpy as np
import pytest

from sciatrial.foundation import DAYS_PER_MONTH, TrialError
from sciatrial.trial.accrual import arrivals_of
from sciatrial.trial.calendar import calendar_of, endpoint_due, known_endpoints
from tests.trial.conftest import SHAM, invented_trial, small_design

ACCRUAL = {"per_month": 4}


def looked_at(**changes):
    return small_design(**{"n_total": 40, "looks": {"information": (0.25, 0.5)}, "accrual": ACCRUAL, **changes})


def test_a_look_waits_for_its_share_of_the_endpoints():
    design = looked_at()
    calendar = calendar_of(design, invented_trial(design, 1))
    # patients 9 and 19 (from 0) came at months 9/4 and 19/4; their endpoint is at month 6 after that
    np.testing.assert_allclose(calendar.months, [9 / 4 + 6, 19 / 4 + 6, 39 / 4 + 6])
    assert calendar.seen[:, :, -1].sum(axis=1).tolist() == [10, 20, 40]


def test_recruitment_goes_on_until_the_look():
    design = looked_at()
    assert calendar_of(design, invented_trial(design, 1)).n_recruited.tolist() == [34, 40, 40]


def test_earlier_visits_of_those_still_followed_are_seen():
    design = looked_at()
    first = calendar_of(design, invented_trial(design, 1)).seen[0]
    # month 8.25: visits at month 3 of whoever came by month 5.25, at month 1 by month 7.25, baseline by then
    assert first.sum(axis=0).tolist() == [34, 30, 22, 10]


def test_dropouts_make_a_look_later_and_the_plan_knows_of_them():
    design = looked_at(dropout_per_year=0.4)
    assert design.look_endpoints() == (8, 16)  # 40 patients, of whom sqrt(0.6) stay for six months, some 31
    trial = invented_trial(design, 2)
    calendar = calendar_of(design, trial)
    assert calendar.seen[:-1, :, -1].sum(axis=1).tolist() == [8, 16]
    assert (calendar.seen[-1] == trial.is_observed).all()


def test_a_look_whose_information_never_comes_does_not_take_place():
    design = looked_at()
    trial = invented_trial(design, 1)
    trial.is_observed[15:, 1:] = False
    calendar = calendar_of(design, trial)
    assert calendar.numbers == (1, 3)
    assert calendar.seen[:, :, -1].sum(axis=1).tolist() == [10, 15]


def test_the_endpoints_of_the_deciding_comparison_count():
    arms = {**small_design().arms, "sham": SHAM}
    deciding = {"arm": "cells", "control": "sham"}
    design = looked_at(arms=arms, n_total=60, looks={"information": (0.5,), "deciding": deciding},
                       comparisons=[{"arm": "cells", "control": "saline"}, deciding])  # fmt: skip
    trial = invented_trial(design, 3)
    seen = calendar_of(design, trial).seen[0, :, -1]
    assert seen[trial.assigned != 1].sum() == design.look_endpoints()[0] == 20


def test_without_accrual_there_is_one_look_at_no_known_month():
    design = small_design(n_total=40)
    calendar = calendar_of(design, invented_trial(design, 1))
    assert calendar.numbers == (1,)
    assert np.isnan(calendar.months).all()


def test_a_fixed_design_with_accrual_ends_with_its_last_endpoint():
    design = small_design(n_total=40, accrual={"per_month": 4, "ramp_up_months": 2})
    assert calendar_of(design, invented_trial(design, 1)).months == pytest.approx([1 + 39 / 4 + 6])


def test_a_look_and_the_end_wait_for_the_days_on_which_patients_really_come():
    design = looked_at(visit_window_days=9)
    trial = invented_trial(design, 1)
    late = np.zeros(trial.is_observed.shape)
    late[4, -1], late[39, -1] = DAYS_PER_MONTH / 2, DAYS_PER_MONTH
    calendar = calendar_of(design, replace(trial, days_late=late))
    # patient 4 came at month 1, so that the tenth endpoint stays the one of patient 9
    np.testing.assert_allclose(calendar.months, [9 / 4 + 6, 19 / 4 + 6, 39 / 4 + 7])


def test_whoever_leaves_and_counts_as_no_responder_is_known_when_the_visit_would_have_come():
    endpoint = {"outcome": "leg_pain", "month": 6, "measure": "response", "rule": "responder_30pct_pain"}
    words = {"n_total": 40, "dropout_per_year": 0.6, "analysis": "responders", "accrual": {"per_month": 4},
             "estimand": {"summary_measure": "risk_difference"}, "looks": {"information": (0.5,)}}  # fmt: skip
    for missing, share in (("observed_only", 0.4**0.5), ("non_responder", 1.0)):
        design = small_design(endpoint={**endpoint, "missing": missing}, **words)
        trial = invented_trial(design, 2)
        assert sum(design.expected_endpoints().values()) == pytest.approx(40 * share)
        known = known_endpoints(design, trial)[:, 3]
        assert known.all() == (missing == "non_responder")
        calendar = calendar_of(design, trial)
        assert calendar.seen[0, :, 3].sum() == design.look_endpoints()[0]


def test_an_endpoint_falls_due_its_months_after_the_arrival_and_a_trial_without_arrivals_is_named():
    design = small_design(n_total=8, accrual=ACCRUAL)
    trial = replace(invented_trial(design, 1), arrivals=arrivals_of(design.accrual, 8, 1))
    np.testing.assert_allclose(endpoint_due(design, trial), np.arange(8) / 4 + 6)
    with pytest.raises(TrialError, match="arrivals"):
        endpoint_due(design, invented_trial(design, 1))
