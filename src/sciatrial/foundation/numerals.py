"""Numbers as text."""

from __future__ import annotations


def signed(value: float, decimals: int = 1) -> str:
    """Return a number with its sign, and without one where it rounds to 0.

    Examples
    --------
    >>> signed(2.345), signed(-0.04)
    ('+2.3', '0.0')
    """
    text = f"{value:+.{decimals}f}"
    return text[1:] if float(text) == 0 else text
