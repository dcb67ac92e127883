"""One trial in full beside the many of which it is one."""

import numpy as np
import pytest

from sciatrial.clinic import Protocol, hazards
from sciatrial.evidence import read_evidence
from sciatrial.foundation import DAYS_PER_MONTH, CohortError, TrialError
from sciatrial.parameters import reference_draw
from sciatrial.trial import TrialInFull, Unblinding, boundary_of, simulate_trials, trial_in_full
from tests.trial.conftest import CELLS, SHAM, small_design

EVIDENCE = read_evidence()
LEARNT = Unblinding(learn={"cells": 0.5})
LOOKED_AT = {
    "n_total": 60, "accrual": {"per_month": 4}, "sides": "one_sided", "dropout_per_year": 0.2,
    "looks": {"information": [0.5], "spending": {"kind": "lan_demets_pocock"},
              "futility": {"kind": "hwang_shih_decani", "gamma": -1, "binding": "non_binding"}},
}  # fmt: skip
CONDUCTED = {
    "n_total": 40, "dropout_per_year": 0.3, "visit_window_days": 5, "missing_visits": {"probability": 0.1},
    "rescue": {"score": "leg_pain", "above": 50, "from_month": 1},
    "accrual": {"per_month": 4, "arrivals": "poisson", "sites": {"number": 3}}, "randomisation": {"strata": ["site"]},
    "adjust_for": ["age_years"],
}  # fmt: skip


def full_of(design, model, prior, cohort, *, trial=2, scenario="prior"):
    return trial_in_full(
        model, design, prior, cohort, EVIDENCE, scenario=scenario, trial=trial, seed=21, unblinding=LEARNT
    )  # fmt: skip


@pytest.mark.parametrize("scenario", ["prior", "reference", "no_cell_effect", "unblinded_null"])
@pytest.mark.parametrize("words", [LOOKED_AT, CONDUCTED])
def test_it_is_the_trial_of_this_number_among_the_many(words, scenario, model, prior, cohort):
    arms = {"cells": CELLS, "sham": SHAM}
    design = small_design(**words, arms=arms)
    many = simulate_trials(
        model, design, prior, cohort, scenario=scenario, first=0, count=4, seed=21, unblinding=LEARNT
    )  # fmt: skip
    mine = many.trials.query("trial == 3").iloc[0]
    full = full_of(design, model, prior, cohort, trial=3, scenario=scenario)
    for name in ("estimate", "standard_error", "final_estimate", "months"):
        # many trials are analysed at once, in another order of sums
        assert full.contrasts[name].iloc[0] == pytest.approx(mine[name], rel=1e-9), name
    for name in ("n_arm", "n_randomised", "decision"):
        assert full.contrasts[name].iloc[0] == mine[name], name
    courses = many.courses.query("trial == 3 and score == 'leg_pain'").set_index(["arm", "month"])["mean"]
    seen = full.scores.query("score == 'leg_pain'").merge(full.subjects[["place", "arm"]], on="place")
    means = seen.groupby(["arm", "month"])["value"].mean()
    assert np.allclose(means, courses.loc[means.index])


def test_it_can_be_kept_and_read_again(model, prior, cohort, tmp_path):
    full = full_of(small_design(**CONDUCTED), model, prior, cohort)
    assert TrialInFull.load(full.save(tmp_path / "full")).fingerprint() == full.fingerprint()


def test_what_is_seen_agrees_with_who_is_there(model, prior, cohort):
    full = full_of(small_design(**CONDUCTED), model, prior, cohort)
    people = full.subjects.set_index("place")
    days = full.scores.groupby("place")["day"].max()
    assert (days <= people["last_day"] + 1e-9).all()
    rescued = people["rescued_day"].dropna()
    after = full.scores.query("is_after_rescue")
    assert set(after["place"]) <= set(rescued.index)
    assert (after["day"] > rescued.loc[after["place"]].to_numpy()).all()
    assert set(people["site"]) <= {1, 2, 3}


def test_what_was_known_after_the_end_has_no_look(model, prior, cohort):
    design = small_design(**LOOKED_AT)
    found = [full_of(design, model, prior, cohort, trial=trial) for trial in range(12)]
    stopped = [full for full in found if full.contrasts["look"].item() == 1]
    assert 0 < len(stopped) < len(found)
    for full in found:
        end = full.contrasts["look"].item()
        assert (full.scores["first_look"].dropna() <= end).all()
        assert full.scores["first_look"].isna().any() == (end == 1)


def test_a_world_that_cannot_fill_a_trial_is_told(model, prior, cohort):
    nobody = cohort.model_copy(update={"eligible": {"leg_pain": (99.9, 99.95)}})
    with pytest.raises(CohortError):
        full_of(small_design(), model, prior, nobody)


def test_a_negative_number_is_refused(model, prior, cohort):
    with pytest.raises(TrialError, match="0 or more"):
        full_of(small_design(), model, prior, cohort, trial=-1)


@pytest.mark.parametrize("by", [{"counts": ["pain_flare"]}, {"true_share": 0.5}])
def test_the_harms_that_stop_a_trial_are_among_those_of_its_patients(by, model, prior, cohort):
    stopping = {"event": "flare", "arm": "cells", "acceptable": 0.002, "every": 5, "rule": "pocock", "alpha": 0.2} | by
    into_disc = Protocol.model_validate(CELLS.model_dump() | {"route": "intradiscal"})
    design = small_design(
        n_total=60, accrual={"per_month": 4}, arms={"cells": into_disc, "sham": SHAM}, safety={"stopping": stopping}
    )
    # in this world a needle in the disc may set off a flare
    full = full_of(design, model, prior, cohort, trial=7)
    known = hazards(EVIDENCE, reference_draw(prior).one(0))
    many = simulate_trials(
        model, design, prior, cohort, scenario="prior", first=7, count=1, seed=21, known_harms=known
    )  # fmt: skip
    assert full.contrasts["harm_month"].item() == many.trials["harm_month"].item() > 0
    word = "pain_flare" if "counts" in by else "flare"
    mine = full.subjects.query("arm == 'cells'")
    first = full.harms.loc[full.harms["harm"] == word].groupby("place")["day"].min()
    months = mine["months_until_randomised"].to_numpy() + first.reindex(mine["place"]).to_numpy() / DAYS_PER_MONTH
    # the last of them is the one that stopped it
    assert np.nanmax(months) == pytest.approx(full.contrasts["harm_month"].item(), abs=1e-6)
    boundary = boundary_of(design)
    looks = zip(boundary.patients, boundary.fewest_events, strict=True)
    assert any(np.isfinite(months[:n]).sum() == fewest for n, fewest in looks)
