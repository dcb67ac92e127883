"""Many analysed trials → operating characteristics, over all looks and by look, with Monte-Carlo standard errors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.trial.arm_quantities import arm_quantities
from sciatrial.trial.decisions import TrueEffect
from sciatrial.trial.monitoring import Decision
from sciatrial.trial.population_quantities import population_quantities
from sciatrial.trial.size_quantities import size_quantities

if TYPE_CHECKING:
    import pandas as pd

_NORMAL_95 = 1.959963984540054
COULD_NOT_ENROL = "could not enrol: fewer than 1 in 100 candidates met the criteria"

_Quantity = tuple[str, float, float, int]  # name, value, Monte-Carlo standard error, number behind it


def summarise(trials: pd.DataFrame) -> pd.DataFrame:
    """Return every operating characteristic with its Monte-Carlo standard error.

    A draw under which hardly anybody meets the criteria contradicts the trial that is planned: its trials are counted
    (`not_enrolled`) and left out of all shares. Other trials whose estimate could not be made count as no success and
    are counted; bias and coverage are over the rest. ``final_`` is the analysis of all who were randomised, after the
    stop; ``reversed_by_overrun`` the share of trials shown whose statistic there does not cross the bound that belongs
    to its information. Of a principal stratum, ``stratum`` is the share of patients in it, and what ends in
    ``_independent_luck`` is against the truth where a patient's worlds share no luck. ``expected_alone_in_strata``:
    patients who have nobody of the other arm in their stratum. ``stopped_for_harm``: the boundary for harm was reached;
    never a success nor a rejection, unless the comparison was decided before. ``right_decision`` is over trials
    whose true effect matters or is none (see `TrueEffect`), and told with ``expected_cost`` only where the design has
    what they need.
    """
    import pandas as pd

    rows = []
    for (scenario, comparison), every in _groups(trials, ["scenario", "comparison"]):
        group = every.loc[every["why_not"] != COULD_NOT_ENROL]
        not_enrolled = ("not_enrolled", float(len(every) - len(group)), np.nan, len(every))
        place = {"scenario": scenario, "comparison": comparison}
        rows += [place | _row(item) for item in [*_characteristics(group), not_enrolled]]
    return pd.DataFrame(rows)


def _row(quantity: _Quantity) -> dict[str, Any]:
    return dict(zip(("quantity", "value", "monte_carlo_se", "n_trials"), quantity, strict=True))


def _groups(frame: pd.DataFrame, names: list[str]) -> Iterable[Any]:
    return frame.groupby(names, sort=False)


def _characteristics(group: pd.DataFrame) -> list[_Quantity]:
    def column(name: str) -> NDArray[np.float64]:
        return group[name].to_numpy(dtype=float)

    decision = group["decision"].to_numpy(dtype=object)
    shown = decision == Decision.EFFICACY
    rejected = shown | (decision == Decision.OTHER_DIRECTION)
    estimate, truth = column("estimate"), column("truth")
    made = np.isfinite(estimate)
    known = made & np.isfinite(truth)
    finite = truth[np.isfinite(truth)]
    adjusted = column("adjusted_estimate")
    has_adjusted = known & np.isfinite(adjusted)
    final = column("final_estimate")
    has_final = np.isfinite(final) & np.isfinite(truth)
    has_later_bound = not len(group) or not {"patients_arm", "zone"} & set(group)  # stages that are combined have none
    reversed_later = shown & (column("final_z") <= column("final_efficacy_z"))
    return [
        ("success", *share_of(shown)),
        ("rejection", *share_of(rejected)),
        ("futility", *share_of(decision == Decision.FUTILITY)),
        ("mean_truth", *mean_of(finite)),
        ("truth_error", *mean_of(column("truth_error")[known])),
        ("truth_low", *quantile_of(finite, 0.025)),
        ("truth_high", *quantile_of(finite, 0.975)),
        ("bias", *mean_of((estimate - truth)[known])),
        ("root_mean_square_error", *_root_mean_square((estimate - truth)[known])),
        ("coverage", *share_of(_covered(truth, column("ci_low"), column("ci_high"))[known])),
        ("adjusted_bias", *mean_of((adjusted - truth)[has_adjusted])),
        (
            "adjusted_coverage",
            *share_of(_covered(truth, column("adjusted_low"), column("adjusted_high"))[has_adjusted]),
        ),
        ("final_bias", *mean_of((final - truth)[has_final])),
        ("final_root_mean_square_error", *_root_mean_square((final - truth)[has_final])),
        (
            "final_coverage",
            *share_of(_covered(truth, column("final_ci_low"), column("final_ci_high"))[has_final]),
        ),
        ("mean_standard_error", *mean_of(column("standard_error")[made])),
        ("expected_patients", *mean_of(column("n_randomised"))),
        ("expected_months", *mean_of(column("months")[np.isfinite(column("months"))])),
        ("expected_overrun", *mean_of(column("n_overrun"))),
        ("reversed_by_overrun", *share_of(reversed_later if has_later_bound else reversed_later[:0])),
        ("not_estimable", float((~made).sum()), np.nan, len(group)),
        *_alone_in_strata(group),
        *_stopped_for_harm(group),
        *_of_stratum(group, made),
        *arm_quantities(group),
        *size_quantities(group),
        *population_quantities(group),
        *_right_decisions(group, shown, rejected),
        *_cost(group),
    ]


def _alone_in_strata(group: pd.DataFrame) -> list[_Quantity]:
    """Return the expected number of patients who say nothing, nothing where shares are not compared in strata."""
    if "n_alone_in_strata" not in group:
        return []
    return [("expected_alone_in_strata", *mean_of(group["n_alone_in_strata"].to_numpy(dtype=float)))]


def _stopped_for_harm(group: pd.DataFrame) -> list[_Quantity]:
    """Return how often the boundary for harm stops the trial, and when; nothing where it is not followed."""
    if "harm_month" not in group:
        return []
    months = group["harm_month"].to_numpy(dtype=float)
    stopped = np.isfinite(months)
    return [("stopped_for_harm", *share_of(stopped)), ("month_stopped_for_harm", *mean_of(months[stopped]))]


def _of_stratum(group: pd.DataFrame, made: NDArray[np.bool_]) -> list[_Quantity]:
    """Return how the truth of a principal stratum rests on shared luck; nothing of other estimands."""
    if "stratum" not in group or not np.isfinite(group["stratum"].to_numpy(dtype=float)).any():
        return []

    def column(name: str) -> NDArray[np.float64]:
        return group[name].to_numpy(dtype=float)

    truth, estimate = column("truth_independent_luck"), column("estimate")
    known = made & np.isfinite(truth)
    covered = _covered(truth, column("ci_low"), column("ci_high"))
    shares = {name: column(name) for name in ("stratum", "stratum_independent_luck")}
    return [
        *((name, *mean_of(share[np.isfinite(share)])) for name, share in shares.items()),
        ("truth_independent_luck", *mean_of(truth[np.isfinite(truth)])),
        ("bias_independent_luck", *mean_of((estimate - truth)[known])),
        ("coverage_independent_luck", *share_of(covered[known])),
    ]


def _right_decisions(group: pd.DataFrame, shown: NDArray[np.bool_], rejected: NDArray[np.bool_]) -> list[_Quantity]:
    """Return how often the finding is the right one, nothing where no minimal important change was planned with.

    Where there is no benefit, nothing is to be shown but a harm larger than twice the Monte-Carlo error of the truth.
    """
    if "true_effect" not in group:  # trials from a pool
        return []
    is_so = {word: (group["true_effect"] == word).to_numpy(dtype=bool) for word in TrueEffect}
    if is_so[TrueEffect.UNKNOWN].all():
        return []
    matters, none, between = (is_so[word] for word in (TrueEffect.MATTERS, TrueEffect.NONE, TrueEffect.BETWEEN))
    known = ~is_so[TrueEffect.UNKNOWN]
    truth, error, estimate = (group[name].to_numpy(dtype=float) for name in ("truth", "truth_error", "estimate"))
    # what was shown in the other direction lies in that of the estimate
    is_harm = rejected & ~shown & (truth * estimate > 0) & (np.abs(truth) > 2 * error)
    is_silent = ~rejected | is_harm
    return [
        ("right_decision", *share_of(np.where(matters, shown, is_silent)[matters | none])),
        ("shown_where_it_matters", *share_of(shown[matters])),
        ("not_shown_where_none", *share_of(is_silent[none])),
        ("shown_in_between", *share_of(shown[between])),
        ("truth_matters", *share_of(matters[known])),
        ("truth_none", *share_of(none[known])),
        ("truth_between", *share_of(between[known])),
    ]


def _cost(group: pd.DataFrame) -> list[_Quantity]:
    """Return the expected cost of a trial, nothing where no costs were given."""
    cost = group["cost"].to_numpy(dtype=float) if "cost" in group else np.empty(0)
    return [("expected_cost", *mean_of(cost[np.isfinite(cost)]))] if np.isfinite(cost).any() else []


def _covered(truth: NDArray, low: NDArray, high: NDArray) -> NDArray[np.bool_]:
    return (low <= truth) & (truth <= high)


def stopping_by_look(looks: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """Return what happens at each look.

    Parameters
    ----------
    looks
        One row a scenario, trial, comparison and look.
    trials
        One row a scenario, trial and comparison; says how many trials there were.

    Returns
    -------
    pandas.DataFrame
        Columns ``scenario, comparison, look, quantity, value, monte_carlo_se, n_trials``. ``reached``: share of trials
        in which the comparison was tested at the look; ``efficacy, other_direction, futility`` (and ``dropped`` where
        looks drop arms): share of all trials that stop there for that reason; ``success_so_far``: share that has shown
        a benefit by this look; ``information, month, n_recruited, efficacy_z, futility_z``: means over the trials that
        reached the look.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    enrolled = trials.loc[trials["why_not"] != COULD_NOT_ENROL]
    drops_arms = len(looks) > 0 and bool((looks["decision"] == Decision.DROPPED).any())
    sizes = {key: len(group) for key, group in _groups(enrolled, ["scenario", "comparison"])}
    for (scenario, comparison), mine in _groups(looks, ["scenario", "comparison"]) if len(looks) else ():
        n = sizes[scenario, comparison]
        so_far = 0
        for look, here in sorted(_groups(mine, ["look"]), key=lambda pair: pair[0]):
            decision = here["decision"].to_numpy(dtype=object)
            so_far += int((decision == Decision.EFFICACY).sum())
            place = {"scenario": scenario, "comparison": comparison, "look": int(look[0])}
            reasons = [word for word in _REASONS if word is not Decision.DROPPED or drops_arms]
            counts = {str(word): int((decision == word).sum()) for word in reasons}
            shares = {"reached": len(here), **counts, "success_so_far": so_far}
            rows += [place | _row((name, *_share_of_count(count, n))) for name, count in shares.items()]
            for name in ("information", "month", "n_recruited", "efficacy_z", "futility_z"):
                values = here[name].to_numpy(dtype=float)
                rows.append(place | _row((name, *mean_of(values[np.isfinite(values)]))))
    columns = ["scenario", "comparison", "look", "quantity", "value", "monte_carlo_se", "n_trials"]
    return pd.DataFrame(rows, columns=columns)  # type: ignore[arg-type]


_REASONS = (Decision.EFFICACY, Decision.OTHER_DIRECTION, Decision.FUTILITY, Decision.DROPPED)


def share_of(flags: NDArray) -> tuple[float, float, int]:
    """Return a share, its Monte-Carlo standard error and the number behind it; NaN without any."""
    return _share_of_count(int(np.count_nonzero(flags)), len(flags))


def _share_of_count(count: int, n: int) -> tuple[float, float, int]:
    """Return a share with its error.

    At 0 or 1 the usual error is 0, which nobody should believe; there the width of Wilson's 95 % interval is used.
    """
    if n == 0:
        return np.nan, np.nan, 0
    share = count / n
    error = float(np.sqrt(share * (1 - share) / n))
    if error == 0:
        error = _NORMAL_95 / (2 * (n + _NORMAL_95**2))
    return share, error, n


def mean_of(values: NDArray) -> tuple[float, float, int]:
    """Return a mean, its Monte-Carlo standard error and the number behind it; NaN without any."""
    n = len(values)
    if n == 0:
        return np.nan, np.nan, 0
    error = float(values.std(ddof=1) / np.sqrt(n)) if n > 1 else np.nan
    return float(values.mean()), error, n


def quantile_of(values: NDArray, share: float) -> tuple[float, float, int]:
    """Return a quantile, its Monte-Carlo standard error and the number behind it; NaN without any.

    The error is half the distance between the values one standard error of the share below and above. Where that leaves
    0 to 1, with fewer than 40 values for a share of 0.025, order statistics tell no error: NaN.
    """
    n = len(values)
    if n == 0:
        return np.nan, np.nan, 0
    reach = np.sqrt(share * (1 - share) / n)
    value = float(np.quantile(values, share))
    if share - reach < 0 or share + reach > 1:
        return value, np.nan, n
    below, above = np.quantile(values, [share - reach, share + reach])
    return value, float(above - below) / 2, n


def _root_mean_square(errors: NDArray) -> tuple[float, float, int]:
    """Return the root of a mean square; its error by the delta method."""
    square, error, n = mean_of(errors**2)
    root = float(np.sqrt(square))
    return root, error / (2 * root) if root > 0 else np.nan, n
