"""Small models whose answers are known, each compiled once for all tests."""

import numpy as np
import pytest

from sciatrial.model import Parameter, State, assemble, hill, mechanism, output, positive_part, power


@mechanism(changes={"drug": -1}, sources=("assumption:test",))
def elimination(elimination_rate, drug):
    """Leave at a constant rate."""
    return elimination_rate * drug


@output("mg")
def seen(drug):
    """What is seen of the drug"""
    return 2 * drug


@pytest.fixture(scope="session")
def decay():
    """One drug that is eliminated: exp(−k t) between doses."""
    return assemble(
        "decay", [State("drug", "mg", "drug")], [Parameter("elimination_rate", "1/day", "rate")], [seen], [elimination]
    )


@mechanism(changes={"a": -1, "b": +1}, sources=("assumption:test",))
def slow(slow_rate, a):
    """a becomes b."""
    return slow_rate * a


@mechanism(changes={"a": +1, "b": -1}, sources=("assumption:test",))
def fast_back(fast_rate, b, c):
    """b becomes a again, fast."""
    return fast_rate * b * c


@mechanism(changes={"b": -1, "c": +1}, sources=("assumption:test",))
def fastest(fastest_rate, b):
    """b becomes c, faster still."""
    return fastest_rate * b**2


@pytest.fixture(scope="session")
def stiff():
    """Robertson's kinetics, the classical stiff problem."""
    states = [
        State("a", "dimensionless", "a"),
        State("b", "dimensionless", "b", scale=1e-5),
        State("c", "dimensionless", "c"),
    ]
    rates = [Parameter(f"{name}_rate", "1/day", name) for name in ("slow", "fast", "fastest")]
    return assemble("robertson", states, rates, [], [slow, fast_back, fastest])


@mechanism(changes={"x": +1}, sources=("assumption:test",))
def growth(growth_rate, x, y, half_saturation, steepness):
    """Grow by a saturating law of y."""
    return growth_rate * hill(y, half=half_saturation, steepness=steepness) * (1 - x)


@mechanism(changes={"x": -1, "y": +1}, sources=("assumption:test",))
def spill(spill_rate, x, threshold):
    """Spill over above a threshold."""
    return spill_rate * power(positive_part(x - threshold), 1.5)


@mechanism(changes={"y": -1}, sources=("assumption:test",))
def loss(loss_rate, y):
    """Lose."""
    return loss_rate * y


@pytest.fixture(scope="session")
def mixed():
    """Every function of the vocabulary in one model."""
    states = [State("x", "dimensionless", "x"), State("y", "dimensionless", "y")]
    names = ("growth_rate", "half_saturation", "steepness", "spill_rate", "threshold", "loss_rate")
    units = {"growth_rate": "1/day", "spill_rate": "1/day", "loss_rate": "1/day"}
    parameters = [Parameter(name, units.get(name, "dimensionless"), name) for name in names]
    return assemble("mixed", states, parameters, [], [growth, spill, loss])


@mechanism(changes={"level": -1}, sources=("assumption:test",))
def outflow(outflow_rate, level, exponent):
    """Run out through a hole in the bottom."""
    return outflow_rate * power(level, exponent)


@mechanism(changes={"level": +1}, sources=("assumption:test",))
def inflow(inflow_rate):
    """Run in at a constant rate."""
    return inflow_rate


@pytest.fixture(scope="session")
def tank():
    """A tank with a hole: with exponent 1/2 its level is (√y0 − k t / 2)², and it is empty in finite time."""
    units = {"outflow_rate": "1/day", "inflow_rate": "1/day", "exponent": "dimensionless"}
    parameters = [Parameter(name, unit, name) for name, unit in units.items()]
    return assemble("tank", [State("level", "dimensionless", "level")], parameters, [], [outflow, inflow])


@mechanism(changes={"z": +1}, sources=("assumption:test",))
def explosion(explosion_rate, z):
    """Grow without bound in finite time: z = 1 / (1/z0 − k t)."""
    return explosion_rate * z**2


@pytest.fixture(scope="session")
def explosive():
    """A model that some patients cannot survive."""
    return assemble(
        "explosive", [State("z", "dimensionless", "z")], [Parameter("explosion_rate", "1/day", "rate")], [], [explosion]
    )


@pytest.fixture(scope="session")
def rates():
    """Elimination rates of seven patients."""
    return np.linspace(0.01, 2.0, 7)[:, None]
