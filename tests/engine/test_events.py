import numpy as np
import pytest

from sciatrial.engine import Effect, Events, Rule, simulate
from sciatrial.foundation import SolverError


def test_numbers_are_spread_over_the_patients(decay):
    events = Events.every(decay, [0, 1, 2], 3.0, "drug", amount=[1.0, 2.0, 3.0])
    assert events.day.tolist() == [3.0, 3.0, 3.0]
    assert events.amount.tolist() == [1.0, 2.0, 3.0]
    assert len(events) == 3


def test_events_joined_keep_their_order(decay):
    one, two = Events.every(decay, [0], 1.0, "drug", amount=1), Events.every(decay, [0], 1.0, "drug", factor=2)
    assert Events.joined(one, two).amount.tolist() == [1.0, 0.0]
    assert len(Events.joined()) == 0


def test_an_unknown_state_names_the_nearest(decay):
    with pytest.raises(SolverError, match="'drug'"):
        Events.every(decay, [0], 1.0, "durg")


def test_doses_are_exact_between_and_at_events(decay):
    k = 0.3
    events = Events.joined(*(Events.every(decay, [0], day, "drug", amount=10.0) for day in (2.0, 5.0)))
    run = simulate(decay, [[k]], [[0.0]], times_days=[1, 3, 7], events=events, tolerance=1e-9, outputs=["drug"])
    expected = [0, 10 * np.exp(-k), 10 * (np.exp(-5 * k) + np.exp(-2 * k))]
    assert run["drug"][0] == pytest.approx(expected, abs=1e-6)


def test_a_visit_sees_the_patient_before_what_is_given_that_day(decay):
    events = Events.every(decay, [0], 4.0, "drug", amount=10.0)
    run = simulate(decay, [[0.0]], [[1.0]], times_days=[0.0, 4.0, 4.5], events=events, outputs=["drug"])
    assert run["drug"][0] == pytest.approx([1.0, 1.0, 11.0])


def test_an_event_on_day_0_follows_a_visit_on_day_0(decay):
    events = Events.every(decay, [0], 0.0, "drug", amount=10.0)
    run = simulate(decay, [[0.0]], [[1.0]], times_days=[0.0, 1.0], events=events, outputs=["drug"])
    assert run["drug"][0] == pytest.approx([1.0, 11.0])


def test_an_event_on_the_last_day_changes_the_final_state_only(decay):
    events = Events.every(decay, [0], 4.0, "drug", amount=10.0)
    run = simulate(decay, [[0.0]], [[1.0]], times_days=[4.0], events=events, outputs=["drug"])
    assert run["drug"][0] == pytest.approx([1.0])
    assert run.final_states[0] == pytest.approx([11.0])


def test_an_event_after_the_last_visit_never_happens(decay):
    events = Events.every(decay, [0], 4.1, "drug", amount=10.0)
    run = simulate(decay, [[0.0]], [[1.0]], times_days=[4.0], events=events)
    assert run.final_states[0] == pytest.approx([1.0])


def test_events_of_one_day_act_in_the_order_given(decay):
    double, add = (Events.every(decay, [0], 1.0, "drug", **how) for how in ({"factor": 2.0}, {"amount": 3.0}))
    first = simulate(decay, [[0.0]], [[1.0]], times_days=[2.0], events=Events.joined(double, add), outputs=["drug"])
    second = simulate(decay, [[0.0]], [[1.0]], times_days=[2.0], events=Events.joined(add, double), outputs=["drug"])
    assert (first["drug"][0, 0], second["drug"][0, 0]) == pytest.approx((5.0, 8.0))


def test_events_of_a_patient_touch_no_other(decay):
    events = Events.every(decay, [1], 1.0, "drug", amount=5.0)
    run = simulate(decay, [[0.0]] * 3, [[1.0]], times_days=[2.0], events=events, outputs=["drug"])
    assert run["drug"][:, 0] == pytest.approx([1.0, 6.0, 1.0])


def rule(threshold, *effects, at_most=1):
    return Rule("relief", "seen", np.asarray(threshold, dtype=float), effects, at_most)


def test_a_rule_acts_after_the_visit_that_sets_it_off(decay):
    relief = rule([[np.inf, 1.0, 1.0]], Effect("drug", factor=0.0, amount=0.1))
    run = simulate(decay, [[0.0]], [[1.0]], times_days=[0, 1, 2], rules=[relief], outputs=["drug"])
    assert run["drug"][0] == pytest.approx([1.0, 1.0, 0.1])
    assert run.triggered[0, 0].tolist() == [False, True, False]


def test_a_delayed_effect_comes_when_it_is_due(decay):
    relief = rule([[1.0, 1.0, 1.0]], Effect("drug", factor=0.0), Effect("drug", amount=7.0, delay_days=1.5))
    run = simulate(decay, [[0.0]], [[1.0]], times_days=[0, 1, 2], rules=[relief], outputs=["drug"])
    assert run["drug"][0] == pytest.approx([1.0, 0.0, 7.0])


def test_an_effect_follows_what_was_scheduled_for_that_day(decay):
    dose = Events.every(decay, [0], 1.0, "drug", amount=3.0)
    double = rule([[np.inf, 1.0, np.inf]], Effect("drug", factor=2.0))
    run = simulate(decay, [[0.0]], [[1.0]], times_days=[0, 1, 2], events=dose, rules=[double], outputs=["drug"])
    assert run["drug"][0] == pytest.approx([1.0, 1.0, 8.0])


def test_rules_of_one_visit_act_in_the_order_given(decay):
    add, double = rule([[0.0, np.inf]], Effect("drug", amount=3.0)), rule([[0.0, np.inf]], Effect("drug", factor=2.0))
    final = [
        simulate(decay, [[0.0]], [[1.0]], times_days=[0, 1], rules=rules).final_states[0, 0]
        for rules in ([add, double], [double, add])
    ]
    assert final == pytest.approx([8.0, 5.0])


def test_a_visit_sees_the_patient_before_an_effect_that_is_due_that_day(decay):
    relief = rule([[1.0, np.inf, np.inf]], Effect("drug", amount=7.0, delay_days=1.0))
    run = simulate(decay, [[0.0]], [[1.0]], times_days=[0, 1, 2], rules=[relief], outputs=["drug"])
    assert run["drug"][0] == pytest.approx([1.0, 1.0, 8.0])


@pytest.mark.parametrize(("delay", "final"), [(0.0, 8.0), (0.1, 1.0)])
def test_an_effect_after_the_last_visit_never_happens(decay, delay, final):
    relief = rule([[np.inf, 1.0]], Effect("drug", amount=7.0, delay_days=delay))
    run = simulate(decay, [[0.0]], [[1.0]], times_days=[0, 1], rules=[relief])
    assert run.triggered[0, 0].tolist() == [False, True]
    assert run.final_states[0] == pytest.approx([final])


def test_a_rule_may_look_at_a_state(decay):
    relief = Rule("relief", "drug", np.array([[1.5], [0.5]]), (Effect("drug", factor=0.0),))
    run = simulate(decay, [[0.0]] * 2, [[1.0]], times_days=[[1.0]], rules=[relief])
    assert run.triggered[:, 0, 0].tolist() == [False, True]


def test_a_value_at_the_threshold_is_not_above_it(decay):
    run = simulate(decay, [[0.0]], [[1.0]], times_days=[0.0], rules=[rule([[2.0]], Effect("drug", factor=0.0))])
    assert not run.triggered.any()


def test_a_rule_acts_no_more_often_than_it_may(decay):
    often = rule([[0.0] * 4], Effect("drug", amount=1.0), at_most=2)
    run = simulate(decay, [[0.0]], [[1.0]], times_days=[0, 1, 2, 3], rules=[often], outputs=["drug"])
    assert run["drug"][0] == pytest.approx([1.0, 2.0, 3.0, 3.0])
    assert run.triggered[0, 0].tolist() == [True, True, False, False]


def test_an_infinite_threshold_is_never_exceeded(decay):
    never = rule([[np.inf]], Effect("drug", amount=1.0))
    run = simulate(decay, [[0.0]], [[1e300]], times_days=[1.0], rules=[never])
    assert not run.triggered.any()


def test_a_rule_looks_at_each_patient_by_itself(decay):
    relief = rule([[1.0], [3.0]], Effect("drug", factor=0.0))
    run = simulate(decay, [[0.0]] * 2, [[1.0]], times_days=[[1.0]], rules=[relief])
    assert run.triggered[:, 0, 0].tolist() == [True, False]
    assert run.final_states[:, 0] == pytest.approx([0.0, 1.0])


def test_the_repr_counts():
    assert repr(Events.none()) == "Events: 0 changes of a state in 0 patients"
