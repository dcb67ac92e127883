"""What the dossier prints of patients and chance is what sampling does, and has the right units."""

import numpy as np
import pytest

from sciatrial.foundation import unit_registry
from sciatrial.model import law_as_written, sciatica_model
from sciatrial.parameters import from_scale, onto_scale, words_of_numbers
from sciatrial.population import CHAPTERS, WORDS, equations

MODEL = sciatica_model()
LAWS = [law for chapter in CHAPTERS for law in chapter.laws]
NUMBERS = words_of_numbers(MODEL)


def units():
    known = {item.name: item.unit for item in (*MODEL.states, *NUMBERS.values(), *WORDS)}
    return known | {law.name: law.unit for law in LAWS}


def test_every_word_of_an_equation_is_told_once_and_used():
    used = {name for law in LAWS for name in law.needs}
    told = [item.name for item in WORDS]
    assert used <= set(units())
    assert set(told) <= used
    assert len(told) == len(set(told))
    assert not set(told) & set(NUMBERS)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_units_fit(law):
    known = unit_registry()
    plain = {name: 0.2 + 0.01 * place for place, name in enumerate(law.needs)}
    with_units = {name: number * known(units()[name]) for name, number in plain.items()}
    result = known.Quantity(law.value(**with_units)).to(law.unit).magnitude
    assert result == pytest.approx(law.value(**plain), rel=1e-12)
    assert law_as_written(law).value(plain) == pytest.approx(law.value(**plain), rel=1e-12)


@pytest.mark.parametrize("scale", ["linear", "log", "logit"])
def test_a_patients_own_value_is_as_printed(scale):
    law = getattr(equations, f"patient_value_{scale}")
    luck = np.linspace(-2, 2, 9)
    printed = law.value(population_value=0.3, spread_between_patients=0.7, patient_luck=luck)
    assert printed == pytest.approx(from_scale(scale, onto_scale(scale, 0.3) + 0.7 * luck))


def test_shares_of_herniations_add_up():
    assert sum(equations.HERNIATION_CLASSES.values()) == pytest.approx(1.0)
