"""Where the clinic's numbers come from."""

from __future__ import annotations

import typing
from collections.abc import Iterable


class Numbers(typing.Protocol):
    """One draw of the prior or the posterior."""

    def value(self, name: str, qualifiers: Iterable[str] = ()) -> float:
        """Return the value of `name`, the most specific row that fits the qualifiers."""
        ...
