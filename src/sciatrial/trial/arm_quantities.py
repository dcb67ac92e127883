"""Operating characteristics of arms that looks drop, and of several comparisons that are tested together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.trial.monitoring import Decision

if TYPE_CHECKING:
    import pandas as pd

    from sciatrial.trial.design import Design
    from sciatrial.trial.results import OperatingCharacteristics
    from sciatrial.trial.truth import Truth

Quantity = tuple[str, float, float, int]  # name, value, Monte-Carlo standard error, number behind it
_KEPT = (Decision.EFFICACY, Decision.ENDED)


def columns_of(quantities: Iterable[Quantity]) -> dict[str, float]:
    """Return quantities as columns of a row: each by its name, and with ``_se`` its Monte-Carlo standard error."""
    return {
        f"{name}{end}": number for name, value, error, _ in quantities for end, number in (("", value), ("_se", error))
    }


def in_percent(row: Mapping[str, Any], name: str) -> str:
    """Return a share of such a row in percent, with its Monte-Carlo standard error."""
    return f"{100 * row[name]:.1f} ± {100 * row[f'{name}_se']:.1f} %"


def with_no_benefit(design: Design, truth: Truth) -> NDArray[np.bool_] | None:
    """Return which comparisons have no true benefit above twice its Monte-Carlo error; dims ``comparison``.

    None for a design that tests every comparison by itself.
    """
    if not design.is_family:
        return None
    return ~(design.benefit_sign * truth.values > 2 * truth.errors) & np.isfinite(truth.values)


def arm_quantities(group: pd.DataFrame) -> list[Quantity]:
    """Return what looks make of one arm, and what the choice of it makes of its estimate; nothing of other designs.

    ``dropped``: others were selected. ``kept``: no look dropped the arm or found it futile. ``bias_if_kept``,
    ``bias_if_shown``: of the naive estimate in those trials alone. ``simultaneous_coverage``: of the interval that
    holds for all arms at once, over trials that have one. ``expected_arm_patients, expected_control_patients``:
    randomised.
    """
    from sciatrial.trial.summaries import mean_of, share_of

    if "patients_arm" not in group or not np.isfinite(group["patients_arm"].to_numpy(dtype=float)).any():
        return []

    def column(name: str) -> NDArray[np.float64]:
        return group[name].to_numpy(dtype=float)

    decision = group["decision"].to_numpy(dtype=object)
    kept, error, truth = np.isin(decision, _KEPT), column("estimate") - column("truth"), column("truth")
    has_interval = ~np.isnan(column("repeated_low")) & np.isfinite(truth)  # one without end covers
    covered = (column("repeated_low") <= truth) & (truth <= column("repeated_high"))
    return [
        ("dropped", *share_of(decision == Decision.DROPPED)),
        ("kept", *share_of(kept)),
        ("bias_if_kept", *mean_of(error[kept & np.isfinite(error)])),
        ("bias_if_shown", *mean_of(error[(decision == Decision.EFFICACY) & np.isfinite(error)])),
        ("simultaneous_coverage", *share_of(covered[has_interval])),
        ("expected_arm_patients", *mean_of(column("patients_arm"))),
        ("expected_control_patients", *mean_of(column("patients_control"))),
    ]


def family_quantities(operating: OperatingCharacteristics) -> pd.DataFrame:
    """Return what a trial shows of all its comparisons together.

    Returns
    -------
    pandas.DataFrame
        Columns ``scenario, quantity, value, monte_carlo_se, n_trials``. ``familywise_error``: a comparison is shown
        that has no true benefit (above twice its Monte-Carlo error), over all trials; ``any_shown`` and ``all_shown``
        (disjunctive and conjunctive power), ``best_shown`` (the comparison with the largest true benefit is);
        ``best_kept``: no look dropped it. Empty for designs that test every comparison by itself.
    """
    import pandas as pd

    from sciatrial.trial.summaries import COULD_NOT_ENROL, mean_of, share_of

    columns: Any = ["scenario", "quantity", "value", "monte_carlo_se", "n_trials"]
    trials = operating.trials
    if "has_no_benefit" not in trials:
        return pd.DataFrame(columns=columns)
    rows = []
    enrolled = trials.loc[trials["why_not"] != COULD_NOT_ENROL]
    for scenario in dict.fromkeys(enrolled["scenario"]):
        mine = enrolled.loc[enrolled["scenario"] == scenario]
        by_trial = [group for _, group in mine.groupby("trial", sort=False)]
        shown = [(group["decision"] == Decision.EFFICACY).to_numpy(dtype=bool) for group in by_trial]
        null = [(group["has_no_benefit"] == 1).to_numpy(dtype=bool) for group in by_trial]
        best = [_best(group) for group in by_trial]
        kept = [np.isin(group["decision"].to_numpy(dtype=object), _KEPT) for group in by_trial]
        known = [place for place, number in enumerate(best) if number is not None]
        found = [
            ("familywise_error", *share_of(np.array([(s & n).any() for s, n in zip(shown, null, strict=True)]))),
            ("any_shown", *share_of(np.array([item.any() for item in shown]))),
            ("all_shown", *share_of(np.array([item.all() for item in shown]))),
            ("best_shown", *share_of(np.array([shown[place][best[place]] for place in known]))),
            ("best_kept", *share_of(np.array([kept[place][best[place]] for place in known]))),
            ("expected_shown", *mean_of(np.array([item.sum() for item in shown], dtype=float))),
        ]
        names = ("quantity", "value", "monte_carlo_se", "n_trials")
        rows += [{"scenario": scenario} | dict(zip(names, item, strict=True)) for item in found]
    return pd.DataFrame(rows, columns=columns)


def _best(group: pd.DataFrame) -> int | None:
    """Return the place of the comparison with the largest true benefit, None where there is none."""
    # a benefit has the sign in which its statistic is positive
    benefit = group["benefit_sign"].to_numpy(dtype=float) * group["truth"].to_numpy(dtype=float)
    if not np.isfinite(benefit).all() or bool((group["has_no_benefit"].to_numpy(dtype=float) == 1).all()):
        return None
    return int(benefit.argmax())
