"""What a trial says of its comparisons when the control's prior is borrowed, beside what it says without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri, stdtrit

from sciatrial.statistics import (
    ArmErrors,
    NormalMixture,
    Sides,
    borrowed_difference,
    information_size,
)
from sciatrial.trial.arm_means import ArmMeans, adjusted_means
from sciatrial.trial.conducted import Conducted
from sciatrial.trial.control_prior import ControlPrior
from sciatrial.trial.design import Design

if TYPE_CHECKING:
    import pandas as pd

BORROWED, NOT_BORROWED = "with borrowing", "without borrowing"
_NUMBERS = (
    "estimate", "standard_error", "ci_low", "ci_high", "probability_of_benefit", "control_mean", "control_error",
    "arm_error", "drift", "surprise", "informative_weight", "gained_patients",
)  # fmt: skip


def borrowed_rows(design: Design, trial: Conducted, prior: ControlPrior | None) -> pd.DataFrame:
    """Analyse a trial that went to its end with and without the prior; empty where the design borrows nothing.

    Both analyses take the adjusted means and their covariance from the design's own analysis, at the mean baseline of
    those analysed. Without borrowing that is the planned test. With borrowing the means are taken as normal, their
    covariance widened so that a prior without information gives the planned test again: by the squared ratio of the
    critical value of t to the normal one.

    Parameters
    ----------
    prior
        From `prior_of`.

    Returns
    -------
    pandas.DataFrame
        Two rows a comparison: ``comparison, analysis`` (with or without borrowing), ``estimate, standard_error``
        (posterior mean and standard deviation of arm less control, as measured), ``ci_low, ci_high`` (equal tails, the
        planned level), ``probability_of_benefit, shown`` (it is above 1 − the error of a side), ``rejected`` (either
        direction, in a two-sided trial), ``n_arm, n_control, control_mean, control_error, arm_error``; with borrowing
        also ``drift`` (control's mean less the prior's), ``surprise`` (two-sided probability under the informative part
        of a control further out), ``informative_weight`` (posterior) and ``gained_patients`` (what the prior adds to
        the size that the control's mean has in the trial: below 0 where it makes the mean less known). ``why_not``: why
        all is NaN.
    """
    import pandas as pd

    if prior is None:
        return pd.DataFrame()
    rows = []
    for item in design.compared():
        means = adjusted_means(design, trial, (item.control, item.arm))
        for name in (BORROWED, NOT_BORROWED):
            told: dict[str, Any] = dict.fromkeys(_NUMBERS, np.nan)
            told |= {
                "comparison": item.name, "analysis": name, "n_arm": int(means.n[1]), "n_control": int(means.n[0]),
                "shown": False, "rejected": False, "why_not": means.why_not,
            }  # fmt: skip
            if not means.why_not:
                told |= _said(design, means, prior if name == BORROWED else None)
            rows.append(told)
    columns = ["comparison", "analysis", *_NUMBERS, "n_arm", "n_control", "shown", "rejected", "why_not"]
    return pd.DataFrame(rows, columns=columns)


def _said(design: Design, means: ArmMeans, prior: ControlPrior | None) -> dict[str, Any]:
    """Return what one analysis says of a comparison."""
    error, sign = design.bounds().rules.alpha_of_a_side, float(design.benefit_sign)
    control, arm = (float(value) for value in means.mean)
    wider = float((stdtrit(means.degrees_of_freedom, error) / ndtri(error)) ** 2)
    errors = ArmErrors(*(wider * means.covariance[place] for place in ((0, 0), (1, 1), (0, 1))))
    told = {"control_mean": control, "control_error": errors.control**0.5, "arm_error": errors.arm**0.5}
    if prior is None:
        benefit = NormalMixture((1.0,), (sign * (arm - control),), (errors.of_difference**0.5,))
    else:
        mixture = prior.mixture
        believed = mixture if sign > 0 else mixture.negated()
        benefit, posterior = borrowed_difference(believed, sign * control, sign * arm, errors)
        seen = prior.patient_sd**2 / errors.control
        told |= {
            "drift": control - prior.informative.mean,
            "surprise": prior.informative.surprise(control, errors.control**0.5),
            "informative_weight": prior.informative_weight(posterior),
            "gained_patients": information_size(posterior, prior.patient_sd) - seen,
        }
    likely = float(1 - benefit.below(0.0))
    low, high = sorted(sign * benefit.quantile(share) for share in (error, 1 - error))
    return told | {
        "estimate": sign * benefit.mean, "standard_error": benefit.sd, "ci_low": low, "ci_high": high,
        "probability_of_benefit": likely, "shown": likely > 1 - error,
        "rejected": likely > 1 - error or (design.sides is Sides.TWO and likely < error),
    }  # fmt: skip
