"""What `show design` tells of a dose-finding trial: contrasts, critical value, power by candidate shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sciatrial.trial import Design


def dose_design_words(design: Design) -> list[str]:
    """Return the plan of the doses in lines; none where the design finds none."""
    if design.dose_finding is None:
        return []
    from sciatrial.trial import planned_contrasts, planned_critical_value, planned_dose_power

    contrasts, power = planned_contrasts(design), planned_dose_power(design)
    arms = [str(name) for name in contrasts.columns[1:]]
    lines = [
        f"Dose finding (MCP-Mod): one-sided alpha {design.dose_finding.alpha:g} over {len(contrasts)} candidate "
        f"shapes, critical value {planned_critical_value(design):.3f} at the planned endpoints."
    ]
    for row in contrasts.to_dict("records"):
        weights = ", ".join(f"{arm} {row[arm]:.3f}" for arm in arms)
        mine = power.loc[power["candidate"] == row["candidate"]].to_dict("records")
        told = ", ".join(f"{item['effect']:g} SD {item['power']:.0%}" for item in mine)
        lines.append(f"{row['candidate']}: contrast {weights}; power at a largest effect of {told}")
    return lines
