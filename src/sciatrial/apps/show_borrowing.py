"""What `show design` tells of a borrowed control: the prior, what it is worth, and what its drift does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sciatrial.study import Study


def borrowing_design_words(study: Study) -> list[str]:
    """Return the prior of the control and its errors by drift in lines; none where the design borrows nothing."""
    from sciatrial.report import drift_told, effect_digits, prior_told
    from sciatrial.study import planned_control_prior
    from sciatrial.trial import drift_table, planned_errors

    prior = planned_control_prior(study)
    if prior is None:
        return []
    digits = effect_digits({"outcome": study.design.endpoint.outcome})
    lines = [f"Borrowed control, {prior.arm}:", *prior_told(prior, digits)]
    if len(prior.arms):
        used = prior.arms.loc[prior.arms["why_not"] == "", ["study_id", "arm_id"]].to_dict("records")
        lines.append("Published arms: " + ", ".join(f"{row['study_id']} ({row['arm_id']})" for row in used) + ".")
        left = prior.arms.loc[prior.arms["why_not"] != "", ["study_id", "arm_id", "why_not"]].to_dict("records")
        lines += [f"Left out: {row['study_id']} ({row['arm_id']}): {row['why_not']}." for row in left]
    for place, item in enumerate(study.design.compared()):
        table = drift_table(study.design, prior, planned_errors(study.design, prior, place))
        lines += drift_told(table.assign(comparison=item.name), digits)
    return lines
