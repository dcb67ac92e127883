from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from sciatrial.clinic import Protocol, has_procedure_flare, hazards
from sciatrial.evidence import read_evidence
from sciatrial.foundation import DAYS_PER_MONTH, TrialError
from sciatrial.parameters import draw_parameters, read_prior, reference_draw
from sciatrial.statistics import harm_stopping
from sciatrial.trial import boundary_of, operating_characteristics, run_trial, simulate_trials
from sciatrial.trial.accrual import arrivals_of
from sciatrial.trial.conduct import allocate
from sciatrial.trial.course import completed_trials
from sciatrial.trial.harm_course import counted_harms, event_days, month_of_stop
from sciatrial.trial.resampling import refuse_pooling
from tests.trial.conftest import CELLS, SALINE, invented_trial, small_design

DRAW = reference_draw(read_prior()).one(0)
# at the reference values no procedure sets off a flare; here a needle at the root does, and there one in the disc
AT_ROOT, IN_DISC = (draw_parameters(read_prior(), n_draws=1, seed=seed).one(0) for seed in (1, 3))
KNOWN = hazards(read_evidence(), DRAW)
DISC = Protocol.model_validate(CELLS.model_dump() | {"route": "intradiscal"})
STOP = {"event": "serious", "arm": "cells", "acceptable": 0.05, "every": 10, "true_share": 0.15}
MONTHLY = {"per_month": 10}


class Numbered:
    """Stands for patients of whom only the numbers matter, and by which draw they live."""

    def __init__(self, n, draw=DRAW):
        self.numbers, self.draw = np.arange(n), draw


def harmful(stop=None, **changes):
    return small_design(safety={"stopping": STOP | (stop or {})}, **{"accrual": MONTHLY, "n_total": 80} | changes)


def only(kept):
    """Return some of those patients."""
    some = Numbered(0)
    some.numbers = kept
    return some


def recruited(design, seed):
    """Return a trial of which nothing matters but who came when, into which arm, and that all stay."""
    trial = invented_trial(small_design(n_total=design.size), 0)
    n = design.size
    return replace(trial, assigned=allocate(design, n, seed), patients=Numbered(n),  # type: ignore[arg-type]
                   arrivals=arrivals_of(design.accrual, n, seed), has_stayed=None)  # fmt: skip


@pytest.mark.parametrize("share", [0.05, 0.12])
def test_trials_stop_as_often_as_the_exact_recursion_says(share):
    design = harmful({"true_share": share})
    bound = boundary_of(design)
    months = [month_of_stop(design, recruited(design, seed), seed, [], bound) for seed in range(800)]
    stops, exact = np.isfinite(months), harm_stopping(bound, [share]).stops[0]
    assert stops.mean() == pytest.approx(exact, abs=3.5 * np.sqrt(exact * (1 - exact) / 800))


def test_the_event_that_reaches_the_boundary_stops_the_trial_and_no_later_one():
    design = harmful({"true_share": 0.5, "true_timing": "procedure"})
    trial = recruited(design, 3)
    days = event_days(design, design.safety.stopping, [], 3, np.flatnonzero(trial.assigned == 0), DRAW)
    assert set(days) == {0.0, np.inf}
    fewest = boundary_of(design).fewest_events[0]
    harmed = trial.arrivals.months[trial.assigned == 0][:10][np.isfinite(days[:10])]
    assert len(harmed) >= fewest
    assert month_of_stop(design, trial, 3, [], boundary_of(design)) == harmed[fewest - 1]


def test_an_arm_that_ends_short_has_all_its_patients_at_the_last_look():
    design = harmful({"true_share": 0.9, "true_timing": "procedure", "every": 40}, n_total=80)
    trial, bound = recruited(design, 3), boundary_of(design)
    assert bound.patients == (40,)
    # the last three of the arm are never recruited
    kept = np.setdiff1d(np.arange(80), np.flatnonzero(trial.assigned == 0)[-3:])
    short = replace(
        trial, assigned=trial.assigned[kept], patients=only(kept), arrivals=trial.arrivals.only(kept),
        is_observed=trial.is_observed[kept], is_solved=trial.is_solved[kept],
    )  # fmt: skip
    harmed = trial.arrivals.months[trial.assigned == 0][:37]
    harmed = harmed[np.isfinite(event_days(design, design.safety.stopping, [], 3, kept[short.assigned == 0], DRAW))]
    assert month_of_stop(design, short, 3, [], bound) == harmed[bound.fewest_events[0] - 1]


@pytest.mark.parametrize("word", ["pain_flare of into_the_disc", "pain_flare"])
def test_flares_that_are_counted_are_those_that_patients_had(word):
    """The reference values have none, and a harm that the model gives needs no published count."""
    arms, with_flares = {"cells": CELLS, "saline": SALINE}, AT_ROOT
    if "disc" in word:
        arms, with_flares = arms | {"cells": DISC}, IN_DISC
    design = harmful({"true_share": None, "counts": [word]}, arms=arms)
    counted, stop, people = counted_harms(design, KNOWN), design.safety.stopping, np.arange(3000)
    assert np.isinf(event_days(design, stop, counted, 3, people, DRAW)).all()
    found = event_days(design, stop, counted, 3, people, with_flares)
    had = has_procedure_flare(arms["cells"], with_flares, dose=0, patients=people, seed=3)
    np.testing.assert_array_equal(np.isfinite(found), had)
    assert had.any()


def test_who_has_left_is_not_seen_to_have_the_event():
    design = harmful({"true_share": 0.9})
    trial = recruited(design, 3)
    left = np.ones((80, 4), dtype=bool)
    left[:, 1:] = False
    assert np.isfinite(month_of_stop(design, trial, 3, [], boundary_of(design)))
    assert month_of_stop(design, replace(trial, has_stayed=left), 3, [], boundary_of(design)) == np.inf


def test_events_come_at_the_procedure_or_over_the_follow_up():
    two = DISC.model_copy(update={"n_doses": 2, "weeks_between_doses": 8.0})
    stop = {"true_share": None, "counts": ["pain_flare"]}
    design = harmful(stop, arms={"cells": two, "saline": SALINE}, visits_months=(3, 6, 12))
    counted = counted_harms(design, KNOWN)
    assert [(item.name, times) for item, times in counted] == [("pain_flare of into_the_disc", 2)]
    found = event_days(design, design.safety.stopping, counted, 1, np.arange(4000), IN_DISC)
    assert set(found) == {0.0, 56.0, np.inf}
    any_cause = harmful({"true_share": None, "counts": ["serious_event of cells_into_the_disc"]},
                        arms={"cells": DISC, "saline": SALINE}, visits_months=(3, 6, 12))  # fmt: skip
    stop, counted = any_cause.safety.stopping, counted_harms(any_cause, KNOWN)
    found = event_days(any_cause, stop, counted, 1, np.arange(20_000), DRAW)
    when = found[np.isfinite(found)] / DAYS_PER_MONTH
    assert when.min() < 0.5
    assert 11.5 < when.max() <= 12
    assert np.median(when) == pytest.approx(6, abs=0.8)


def test_one_trial_meets_one_chance_and_trials_meet_others():
    word = "serious_event of cells_into_the_disc"
    design = harmful({"true_share": None, "counts": [word]}, arms={"cells": DISC, "saline": SALINE})
    counted = counted_harms(design, KNOWN)
    share = [np.isfinite(event_days(design, design.safety.stopping, counted, seed, np.arange(4000), DRAW)).mean()
             for seed in range(5)]  # fmt: skip
    assert np.std(share) > 0.005
    again = np.isfinite(event_days(design, design.safety.stopping, counted, 0, np.arange(2000), DRAW))
    assert again.mean() == pytest.approx(share[0], abs=0.02)


@pytest.mark.parametrize(
    ("word", "told"),
    [("tumours", "'tumours' is no harm of arm cells"), ("tumour", "of tumour of cells none of 38"),
     ("cell_leakage", "of cell_leakage of cells_into_the_disc not estimable")],
)  # fmt: skip
def test_a_harm_without_a_rate_is_named(word, told):
    design = harmful({"true_share": None, "counts": [word]}, arms={"cells": DISC, "saline": SALINE})
    with pytest.raises(TrialError, match=told):
        counted_harms(design, KNOWN)


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"counts": ["pain_flare"]}, "counts or true_share"),
     ({"true_share": None, "true_timing": "procedure"}, "without"),
     ({"counts": ["a", "a"], "true_share": None}, "listed twice")],
)  # fmt: skip
def test_settings_that_do_not_fit_are_named(changes, told):
    with pytest.raises(ValidationError, match=told):
        harmful(changes)


def test_following_it_needs_accrual_and_no_pool():
    with pytest.raises(ValidationError, match="accrual: is missing; patients a month"):
        harmful(accrual=None)
    with pytest.raises(TrialError, match=r"safety\.stopping"):
        refuse_pooling(harmful())


@pytest.fixture(scope="module")
def stopped(model, patients):
    design = harmful({"true_share": 0.6, "true_timing": "procedure"}, n_total=len(patients), analysis="ancova",
                     dropout_per_year=0.2)  # fmt: skip
    return design, completed_trials(model, design, [patients], [9])[0]


def test_nobody_is_randomised_or_seen_after_the_stop(stopped, patients):
    design, done = stopped
    row = done.monitored.contrasts.iloc[0]
    assert row["decision"] == "stopped_for_harm"
    assert row["harm_month"] == row["months"] == done.trial.ended
    assert len(done.trial.assigned) == row["n_randomised"] < len(patients)
    assert done.trial.arrivals.months.max() <= done.trial.ended
    visits = done.trial.arrivals.months[:, None] + np.array([0, *design.visits_months])
    assert not done.trial.is_observed[visits > done.trial.ended].any()
    assert np.isnan(row["efficacy_z"])


def test_a_trial_that_is_not_harmful_is_as_without_the_boundary(model, patients):
    design = harmful({"true_share": 0.0}, n_total=len(patients))
    plain = design.model_copy(update={"safety": None})
    ours, other = (completed_trials(model, item, [patients], [9])[0] for item in (design, plain))
    assert ours.monitored.contrasts.drop(columns="harm_month").equals(other.monitored.contrasts)
    assert np.isnan(ours.monitored.contrasts["harm_month"]).all()


def test_a_stop_for_harm_is_no_finding_and_saves_patients(model, prior, cohort):
    design = harmful({"true_share": 0.5, "true_timing": "procedure"}, n_total=60,
                     costs={"currency": "EUR", "per_visit": 1, "per_month": 10, "per_dose": {"cells": 100}},
                     looks={"information": [0.5], "spending": {"kind": "lan_demets_o_brien_fleming"}})  # fmt: skip
    batch = simulate_trials(model, design, prior, cohort, scenario="reference", first=0, count=4, seed=2)
    found = operating_characteristics([batch])
    told = found.summary.set_index("quantity")["value"]
    assert told["stopped_for_harm"] == 1.0
    assert told["success"] == told["rejection"] == 0.0
    assert told["expected_patients"] < 40
    assert 0 < told["month_stopped_for_harm"] < 5
    assert told["expected_cost"] < 60 * 3 + 30 * 100


def test_a_study_without_the_boundary_says_nothing_of_it(five_trials):
    told = operating_characteristics([five_trials]).summary
    assert not told["quantity"].str.contains("harm").any()


def test_counts_of_the_clinic_need_its_list(model, patients):
    design = harmful({"true_share": None, "counts": ["pain_flare"]}, arms={"cells": DISC, "saline": SALINE})
    with pytest.raises(TrialError, match="no harm of arm cells"):
        run_trial(model, design, patients, seed=1)
    result = run_trial(model, design, patients, seed=1, known_harms=KNOWN)
    assert "harm_month" in result.contrasts
