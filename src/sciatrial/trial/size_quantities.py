"""Operating characteristics of a size that is estimated anew: its distribution, and success by zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sciatrial.trial.monitoring import Decision

if TYPE_CHECKING:
    import pandas as pd

Quantity = tuple[str, float, float, int]  # name, value, Monte-Carlo standard error, number behind it
_QUANTILES = (0.1, 0.5, 0.9)


def size_quantities(group: pd.DataFrame) -> list[Quantity]:
    """Return what the new size is and does; nothing of designs that keep theirs.

    ``size_10, size_50, size_90``: quantiles of the patients randomised; ``size_grew``: more than planned. For every
    zone that a trial met, with the zone's words: ``zone …``, the share of trials in it, and ``success in …``.
    """
    from sciatrial.trial.summaries import mean_of, quantile_of, share_of

    if "zone" not in group or not len(group):
        return []
    size, planned = (group[name].to_numpy(dtype=float) for name in ("n_randomised", "planned_patients"))
    shown, zone = (group["decision"] == Decision.EFFICACY).to_numpy(), group["zone"].to_numpy(dtype=object)
    power = group["new_conditional_power"].to_numpy(dtype=float)
    found: list[Quantity] = [(f"size_{100 * share:g}", *quantile_of(size, share)) for share in _QUANTILES]
    found.append(("size_grew", *share_of(size > planned)))
    found.append(("mean_new_conditional_power", *mean_of(power[np.isfinite(power)])))
    for word in dict.fromkeys(sorted(map(str, zone))):
        found.append((f"zone {word}", *share_of(zone == word)))
        found.append((f"success in {word}", *share_of(shown[zone == word])))
    return found
