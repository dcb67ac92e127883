import numpy as np
import pytest

from sciatrial.engine import Effect, Events, Rule
from sciatrial.engine.batch import checked, driver_arguments, no_trajectories
from sciatrial.foundation import SolverError

DAYS = [0.0, 1.0]


def batch_of(model, parameters, initial, events=None, rules=()):
    return checked(model, parameters, initial, DAYS, events or Events.none(), rules, ("drug",), 1e-3)


def test_what_all_share_is_given_to_each(decay):
    batch = batch_of(decay, [0.5], [[1.0], [2.0]])
    assert (batch.parameters.shape, batch.times.shape) == ((2, 1), (2, 2))
    assert all(array.flags.c_contiguous for array in (batch.parameters, batch.initial, batch.times))


def test_events_are_laid_out_by_patient_and_day_in_the_order_given(decay):
    events = Events.joined(
        Events.every(decay, [1], 5.0, "drug", amount=1.0),
        Events.every(decay, [0], 7.0, "drug", amount=2.0),
        Events.every(decay, [1], 3.0, "drug", amount=3.0),
        Events.every(decay, [1], 3.0, "drug", amount=4.0),
    )
    batch = batch_of(decay, [0.5], [[1.0], [2.0]], events)
    given = driver_arguments(
        decay, ("seen",), batch, (), no_trajectories(batch, ("drug",), 0), tolerance=1e-3, max_steps=10
    )
    assert given["event_start"].tolist() == [0, 1, 4]
    assert given["event_amount"].tolist() == [2.0, 3.0, 4.0, 1.0]
    assert given["columns"].tolist() == [1]  # states come after the formula outputs


def test_the_most_that_can_wait_is_every_effect_of_every_firing(decay):
    rules = [Rule("r", "drug", np.zeros((2, 2)), (Effect("drug"), Effect("drug", delay_days=2.0)), at_most=9)]
    batch = batch_of(decay, [0.5], [[1.0], [2.0]], rules=rules)
    given = driver_arguments(
        decay, ("seen",), batch, rules, no_trajectories(batch, ("drug",), 1), tolerance=1e-3, max_steps=10
    )
    assert given["most_waiting"] == 4  # two visits at most, two effects each


def test_every_problem_is_told_at_once(decay):
    with pytest.raises(SolverError) as caught:
        batch_of(decay, [[np.nan]], [[np.inf]])
    assert len(caught.value.problems) == 2
