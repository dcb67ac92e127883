"""One typical patient as plain numbers, from the reference values of the prior table."""

import pytest

from sciatrial.model import sciatica_model
from sciatrial.parameters import read_prior, reference_draw


def typical(**changes):
    model = sciatica_model()
    draw = reference_draw(read_prior(), included=read_prior().groups).one(0)
    values = {name: draw.value(name) for name in model.parameter_names}
    values |= {name: 0.0 for name in model.state_names}
    values |= {"connected_axons": 1.0, "function_reserve": 1.0, "disc_aggrecan": 0.65, "native_disc_cells": 0.75}
    unknown = set(changes) - set(values)
    assert not unknown, f"no such name: {unknown}"
    return values | changes


@pytest.fixture
def patient():
    return typical


@pytest.fixture
def rate_of():
    model = sciatica_model()

    def rate(state, **changes):
        return float(model.rates(typical(**changes))[state])

    return rate


@pytest.fixture
def output_of():
    model = sciatica_model()

    def output(name, **changes):
        return float(model.evaluate(typical(**changes))[name])

    return output
