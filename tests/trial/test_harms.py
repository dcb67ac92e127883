"""What a trial of this size would see of the harms."""

import numpy as np
import pytest

from sciatrial.clinic import has_procedure_flare
from sciatrial.evidence import read_evidence
from sciatrial.foundation import Route
from sciatrial.parameters import draw_parameters, read_prior, reference_draw
from sciatrial.trial import expected_harms
from tests.trial.conftest import CELLS, SALINE, small_design

EVIDENCE = read_evidence()
DRAW = reference_draw(read_prior()).one(0)


def harms(**changes):
    return expected_harms(small_design(**changes), EVIDENCE, DRAW, seed=1)


def test_percents_are_between_none_and_all_and_in_order():
    known = harms().query("n_with_event > 0")
    assert len(known) > 0
    assert ((known["low"] >= 0) & (known["low"] <= known["percent"]) & (known["percent"] <= known["high"])).all()
    assert (known["high"] <= 100).all()


def test_what_is_not_estimable_has_no_number():
    unknown = harms().query("not is_estimable")
    assert len(unknown) > 0
    assert unknown[["percent", "low", "high", "seen"]].isna().all(axis=None)


def test_where_nobody_had_the_event_only_the_bound_is_known():
    twice = SALINE.model_copy(update={"n_doses": 2})
    none = harms(arms={"cells": CELLS, "saline": twice}).query("is_estimable and n_with_event == 0")
    assert none[["percent", "low", "high", "seen", "one_trial"]].isna().all(axis=None)
    of = none.set_index(["arm", "harm"])
    assert of.loc[("cells", "tumour"), "in_words"] == "none of 38; up to 14.6 %"
    serious = of.loc[("saline", "serious_event")]
    assert serious["in_words"] == "none of 200; up to 3.0 % each time, 5.8 % in 2 times"
    assert serious["upper_bound_in_arm"] == pytest.approx(100 * (1 - (1 - serious["upper_bound"] / 100) ** 2))


def test_arms_with_the_same_exposure_have_the_same_chances_and_different_people():
    two = harms(arms={"one": SALINE, "two": SALINE}, n_total=4000).query("n_with_event > 0").set_index("harm")
    one, other = two.query("arm == 'one'"), two.query("arm == 'two'")
    assert one["percent"].equals(other["percent"])
    assert (one["one_trial"] != other["one_trial"]).any()
    # both are draws of the same chance
    common = one["percent"].idxmax()
    cases = one.loc[common, "one_trial"], other.loc[common, "one_trial"]
    assert abs(cases[0] - cases[1]) < 5 * np.sqrt(sum(cases))


def test_a_larger_trial_sees_more_and_excludes_more():
    small, large = harms(n_total=24).set_index(["arm", "harm"]), harms(n_total=400).set_index(["arm", "harm"])
    known = small["n_with_event"] > 0
    assert (large["seen"][known] > small["seen"][known]).all()
    assert large["could_exclude"].iloc[0] == pytest.approx(100 * (1 - 0.05 ** (1 / 200)))


def test_cells_add_their_own_harms_to_those_of_the_needle():
    table = harms(arms={"cells": CELLS, "saline": SALINE})
    own = set(table.query("arm == 'cells'")["harm"]) - set(table.query("arm == 'saline'")["harm"])
    assert {"tumour", "immune_reaction"} <= own


def test_doses_after_the_last_visit_are_counted_as_long_as_harms_are_followed():
    late = SALINE.model_copy(update={"n_doses": 2, "weeks_between_doses": 40.0})  # the last visit is at 6 months
    arms = {"cells": CELLS, "late": late}
    until_visit, for_a_year = (harms(arms=arms, **more) for more in ({}, {"safety": {"follow_up_months": 12}}))
    once, twice = (
        table.set_index(["arm", "harm"]).loc[("late", "serious_event")] for table in (until_visit, for_a_year)
    )
    assert "in 2 times" not in once["in_words"]
    assert "in 2 times" in twice["in_words"]
    assert twice["upper_bound_in_arm"] > once["upper_bound_in_arm"]


def test_flares_of_the_one_trial_are_simulated_and_not_drawn_from_counts():
    disc = CELLS.model_copy(update={"route": Route.INTRADISCAL})
    design = small_design(arms={"cells": disc, "saline": SALINE}, n_total=2000)
    # at the reference values a needle in the disc sets off no flare, in this draw it does
    with_flares = draw_parameters(read_prior(), n_draws=1, seed=3).one(0)
    none, some = (
        expected_harms(design, EVIDENCE, draw, seed=1).set_index(["arm", "harm"]).loc[("cells", "pain_flare")]
        for draw in (DRAW, with_flares)
    )
    assert none["one_trial"] == 0
    had = has_procedure_flare(disc, with_flares, dose=0, patients=np.arange(1000), seed=1)
    assert some["one_trial"] == had.sum() > 0
    assert none["percent"] == some["percent"]


def test_the_same_seed_gives_the_same_table():
    assert harms().equals(harms())
    assert np.isfinite(harms()["could_exclude"]).all()
