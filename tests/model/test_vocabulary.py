"""Names, units and meanings of the vocabulary."""

from sciatrial.foundation import unit_registry
from sciatrial.model.vocabulary import PARAMETERS, STATES

ENDINGS = (
    "_rate", "_production", "_per_cell", "_fraction", "_factor", "_gain", "_weight", "_maximum", "_pressure",
    "_steepness", "_capacity", "_volume", "_cells", "_intercept",
)  # fmt: skip


def test_every_unit_is_known():
    for item in (*STATES, *PARAMETERS):
        unit_registry().Unit(item.unit)


def test_every_name_has_a_meaning_and_none_two():
    assert all(len(item.meaning) > 8 for item in (*STATES, *PARAMETERS))
    names = [item.name for item in (*STATES, *PARAMETERS)]
    assert len(set(names)) == len(names)


def test_parameters_end_in_the_closed_list_of_qualities():
    for parameter in PARAMETERS:
        assert parameter.name.endswith(ENDINGS) or "_for_half_" in parameter.name, parameter.name


def test_rates_are_per_day_and_only_rates():
    for parameter in PARAMETERS:
        assert parameter.name.endswith("_rate") == (parameter.unit == "1/day"), parameter.name
