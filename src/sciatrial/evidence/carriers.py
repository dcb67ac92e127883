"""Free text about what cells were suspended in → one word, where the text is clear."""

from __future__ import annotations

import re

from sciatrial.foundation import Carrier

_PATTERNS = {
    Carrier.SALINE: r"\bsaline\b",
    Carrier.HYALURONIC_ACID: r"\bhyaluron(?:ic acid|ate|an)\b",
    Carrier.FIBRIN: r"\bfibrin\b",
}
# a solid scaffold or a blood product does something of its own: no word of the list stands for it
_ANOTHER_CARRIER = r"platelet|plasma|lysate|serum|marrow|collagen|gelatin|sponge|graft|calcium|gel foam"


def carrier_word(text: str) -> Carrier | None:
    """Return the carrier that a free text names, or None where it names none, several, or another one.

    A freeze medium mixed with saline or hyaluronic acid is taken for what it is mixed with.

    Parameters
    ----------
    text
        A cell of the column ``carrier``; "" when not reported.

    Examples
    --------
    >>> carrier_word("saline, 0.7 mL")
    <Carrier.SALINE: 'saline'>
    >>> carrier_word("platelet-rich plasma") is None
    True
    """
    lowered = text.lower()
    if re.search(_ANOTHER_CARRIER, lowered):
        return None
    named = [carrier for carrier, pattern in _PATTERNS.items() if re.search(pattern, lowered)]
    return named[0] if len(named) == 1 else None
