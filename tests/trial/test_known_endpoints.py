from dataclasses import replace

import numpy as np
import pytest

from sciatrial.clinic import SCORES
from sciatrial.trial.aims import AIMS, EndpointMeasure, Strategy
from sciatrial.trial.analysis import effects_seen
from sciatrial.trial.calendar import calendar_of, known_endpoints
from sciatrial.trial.pairwise import known_values
from tests.trial.conftest import invented_trial, small_design

PAIN = SCORES.index("leg_pain")
RULE = "responder_30pct_pain"
WITHOUT = "composite_50pct_pain_15pt_odi_no_intervention"
ENDPOINTS = {
    "change": {},
    "observed only": {"measure": "response", "rule": RULE, "missing": "observed_only"},
    "non-responder": {"measure": "response", "rule": RULE, "missing": "non_responder"},
    "no intervention": {"measure": "response", "rule": WITHOUT, "missing": "observed_only"},
    "category": {"measure": "category", "categories": (45, 55)},
    "hierarchy": {"measure": "hierarchy", "hierarchy": ({"event": "rescue"}, {"score": "leg_pain"})},
    "hierarchy of a rule": {"measure": "hierarchy", "hierarchy": ({"rule": WITHOUT}, {"score": "leg_pain"})},
}
AIMED = [
    (analysis, strategy, name)
    for analysis, aim in AIMS.items()
    for strategy in aim.strategies
    for name, words in ENDPOINTS.items()
    if aim.endpoint == words.get("measure", EndpointMeasure.CHANGE_FROM_BASELINE)
    and (strategy is Strategy.COMPOSITE or WITHOUT not in str(words))
    and (strategy is Strategy.COMPOSITE or "event" not in str(words))
]


def designed(analysis, strategy, name, **changes):
    endpoint = {"outcome": "leg_pain", "month": 6, **ENDPOINTS[name]}
    words = {
        "n_total": 120, "endpoint": endpoint, "analysis": analysis, "dropout_per_year": 0.3,
        "rescue": {"score": "leg_pain", "above": 50}, "accrual": {"per_month": 8}, "looks": {"information": (0.25,)},
        "estimand": {"rescue": strategy, "summary_measure": AIMS[analysis].summary_measures[0]},
    }  # fmt: skip
    return small_design(**words | changes)


def with_missed_visits(design, seed=4):
    """Return an invented trial with a third of the visits missed; half are rescued at some visit, seen or missed."""
    trial, generator = invented_trial(design, seed, effect=-8.0), np.random.default_rng(seed)
    stayed = trial.is_observed
    solved = np.arange(len(stayed)) > 2
    at = generator.integers(1, stayed.shape[1], len(stayed))
    needs = (generator.uniform(size=len(stayed)) < 0.5) & solved
    observed = stayed & (generator.uniform(size=stayed.shape) > 0.35) & solved[:, None]
    observed[:, 0] = True
    return replace(
        trial,
        rescued=stayed & needs[:, None] & (at[:, None] == np.arange(stayed.shape[1])),
        is_observed=observed,
        is_solved=solved,
        has_stayed=stayed,
    )


@pytest.mark.parametrize(("analysis", "strategy", "name"), AIMED)
def test_looks_wait_for_the_endpoints_that_the_analysis_then_uses(analysis, strategy, name):
    design = designed(analysis, strategy, name)
    trial = with_missed_visits(design)
    assert (trial.rescued[:, :3] & ~trial.is_observed[:, :3]).sum() > 5
    calendar = calendar_of(design, trial)
    assert calendar.numbers == (1, 2)
    found = effects_seen(design, [trial, trial], list(calendar.seen))
    for arm, counts in enumerate((found.n_arm, found.n_control)):
        known = calendar.seen[:, trial.assigned == arm, 3].sum(axis=1)
        assert counts[:, 0].tolist() == known.tolist()
    assert (found.n_arm + found.n_control)[0, 0] == design.look_endpoints()[0]


def test_a_missed_endpoint_visit_is_a_failure_known_on_the_day_of_that_visit():
    # in a trial that nobody leaves every endpoint is known when its visit would have been, come or not
    words = {"dropout_per_year": 0.0, "missing_visits": {"probability": 0.35}}
    design = designed("responders", "treatment_policy", "non-responder", **words)
    trial = with_missed_visits(design)
    seen = calendar_of(design, trial).seen[0, :, 3]
    assert trial.has_stayed is not None
    missed = trial.has_stayed[:, 3] & ~trial.is_observed[:, 3] & trial.is_solved
    assert sum(design.expected_endpoints().values()) == 120
    assert seen.sum() == design.look_endpoints()[0] == 30
    assert (seen == (trial.is_solved & (np.arange(120) < 33))).all()
    assert known_endpoints(design, trial)[missed, 3].all()
    trial.scores[missed, 3, PAIN] = 0.0  # unseen: no response all the same
    assert (known_values(design, trial, known_endpoints(design, trial))[missed, 0] == 0).all()
