"""A number that rounds to 0 has no sign."""

import pytest

from sciatrial.foundation import signed


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(1.25, 1, "+1.2"), (-3.0, 1, "-3.0"), (0.0, 1, "0.0"), (-0.0, 1, "0.0"), (-0.04, 1, "0.0"), (-0.04, 2, "-0.04")],
)
def test_a_sign_tells_a_direction(value, decimals, text):
    assert signed(value, decimals) == text
