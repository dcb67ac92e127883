"""What is printed is what is solved."""

import numpy as np
import pytest

from sciatrial.model import Expression, law_as_written, sciatica_model

MODEL = sciatica_model()
LAWS = (*MODEL.formulas, *MODEL.mechanisms)
NAMES = [*MODEL.state_names, *MODEL.parameter_names, *(f.name for f in MODEL.formulas)]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_a_law_as_written_has_the_value_of_the_law(law):
    numbers = dict(zip(NAMES, np.random.default_rng(3).uniform(0.2, 3.0, (len(NAMES), 20)), strict=True))
    function = getattr(law, "value", None) or law.rate
    expected = function(**{name: numbers[name] for name in law.needs})
    np.testing.assert_allclose(law_as_written(law).value(numbers), expected, rtol=1e-13)


def test_nothing_is_reordered():
    a, b = Expression.called("a"), Expression.called("b")
    assert [part.parts[0] for part in (b * a).parts] == ["b", "a"]


def test_a_branch_is_refused():
    with pytest.raises(TypeError, match="branch"):
        bool(Expression.called("a"))
