"""Does the effect depend on dose, cell type, donor, route, time or risk of bias? Meta-regression over single arms."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from sciatrial.evidence import ArmEstimates, Assumptions, Evidence, arm_estimates
from sciatrial.foundation import DoseBasis, EvidenceError, Record, unknown_word
from sciatrial.synthesis.bias import traffic_lights
from sciatrial.synthesis.heterogeneity import TauMethod
from sciatrial.synthesis.multilevel import WithinStudy, pool_multilevel
from sciatrial.synthesis.treatments import CELLS, PLACEBO_PROCEDURE, treatment_of
from sciatrial.synthesis.trial_arms import PAIN, outcome_words

_FEW_TRIALS = 10
# fewer trials than this tell nothing of a moderator
_FEWEST_TRIALS = 4


class Moderator(StrEnum):
    """What the effect may depend on; a dose is a tenfold step, time is a year."""

    DOSE = "dose"
    CELL_TYPE = "cell_type"
    DONOR = "donor"
    ROUTE = "route"
    MONTH = "month"
    RISK_OF_BIAS = "risk_of_bias"


_COLUMN = {Moderator.CELL_TYPE: "cell_type", Moderator.DONOR: "donor", Moderator.ROUTE: "route",
           Moderator.RISK_OF_BIAS: "bias"}  # fmt: skip


@dataclass(frozen=True, repr=False)
class Regression(Record):
    """A meta-regression: `arms` has one row an arm against its control, `coefficients` one row a term.

    `covariance` is that of the coefficients (dims ``term, term``), `tau` the spread between arms
    beyond sampling, `df` the degrees of freedom of the intervals.
    `left_out` names the arms that the moderator does not fit, with the reason; `unanswered` says why nothing could be
    fitted, "" when something could.
    """

    moderator: str
    outcome: str
    arms: pd.DataFrame = field(compare=False)
    coefficients: pd.DataFrame = field(compare=False)
    left_out: pd.DataFrame = field(compare=False)
    treatment: str = CELLS
    comparator: str = PLACEBO_PROCEDURE
    covariance: np.ndarray = field(compare=False, default_factory=lambda: np.zeros((0, 0)))
    tau: float = float("nan")
    df: int = 0
    unanswered: str = ""
    note: str = ""

    def table(self) -> pd.DataFrame:
        """Return the coefficients."""
        return self.coefficients

    def __repr__(self) -> str:
        """Tell the moderator's coefficients."""
        head = f"Regression of {self.outcome.replace('_', ' ')} on {self.moderator.replace('_', ' ')}"
        if self.unanswered:
            return f"{head}\n  no answer: {self.unanswered}"
        told = ", ".join(
            f"{row['term']} {row['estimate']:.3g} ({row['low']:.3g} to {row['high']:.3g})"
            for row in self.coefficients.to_dict("records")[1:]
        )
        return f"{head}\n  {told}\n  {len(self.arms)} arms of {self.arms['study'].nunique()} trials; {self.note}"


def regress_effects(
    evidence: Evidence,
    moderator: Moderator | str,
    *,
    outcome: str = PAIN,
    treatment: str = CELLS,
    comparator: str = PLACEBO_PROCEDURE,
    assumptions: Assumptions | None = None,
) -> Regression:
    """Regress the effect of each arm of a treatment on one moderator.

    Every arm is compared with its trial's control at each trial's last visit up to 36 months (at all of them for
    `month`); arms that share a control, and visits of one arm, are correlated through it and are fitted so.

    Parameters
    ----------
    evidence
        Checked tables.
    moderator
        A word of `Moderator`. Doses are compared as logarithms and only where expanded cells were counted: nucleated
        cells of a concentrate are another thing.
    outcome, treatment, comparator
        As in `Question`.
    assumptions
        What the tables do not settle.

    Raises
    ------
    EvidenceError
        When there is no such moderator.

    Returns
    -------
    Regression
        With `unanswered` filled when there are fewer than four trials, or than two more trials than terms, or the
        moderator takes one value: nothing can be told then, and the arms are there to be drawn. Intervals are by t with
        trials less terms degrees of freedom. Under ten trials the note calls it exploratory.
    """
    asked = _moderator(moderator)
    assumed = assumptions or Assumptions()
    arms = _compared(evidence, arm_estimates(evidence, assumed), outcome, treatment, comparator)
    if asked is not Moderator.MONTH and len(arms):
        arms = arms[arms["month"] == arms.groupby("study")["month"].transform("max")]
    kept, left = _fitting(arms, asked)
    named = {"moderator": asked.value, "outcome": outcome, "left_out": left, "treatment": treatment,
             "comparator": comparator}  # fmt: skip
    columns, names = _columns(kept, asked)
    n_terms, n_trials = 1 + len(names), kept["study"].nunique()
    needed = max(_FEWEST_TRIALS, n_terms + 2)
    if not names or n_trials < needed:
        one_value = len(kept) > 1 and not names
        value = "takes one value" if one_value else f"{_counted(n_trials)}, {needed} or more are needed"
        return Regression(
            **named, arms=kept, coefficients=pd.DataFrame(), unanswered=f"{asked.replace('_', ' ')}: {value}"
        )
    fitted = pool_multilevel(
        kept["estimate"].to_numpy(), _covariance(kept, assumed),
        [WithinStudy("tau2", kept["study"].tolist(), kept["arm"].tolist())], moderators=columns, method=TauMethod.REML,
    )  # fmt: skip
    # arms of one trial are no trials of their own: t with what is left of the trials
    df = n_trials - n_terms
    half = float(stdtrit(df, 0.975)) * fitted.standard_errors
    coefficients = pd.DataFrame(
        {"term": ["constant", *names], "estimate": fitted.coefficients, "low": fitted.coefficients - half,
         "high": fitted.coefficients + half, "p": 2 * stdtr(df, -np.abs(fitted.statistics))}
    )  # fmt: skip
    note = "ten trials or more" if n_trials >= _FEW_TRIALS else f"{n_trials} trials: exploratory, fewer than ten"
    tau = float(np.sqrt(fitted.components["tau2"]))
    return Regression(
        **named, arms=kept, coefficients=coefficients, covariance=fitted.covariance, tau=tau, df=df, note=note
    )


_ARMS = ["study", "arm", "month", "estimate", "se", "control_variance", "dose_million_cells", "dose_basis", "cell_type",
         "donor", "route", "bias", "n"]  # fmt: skip
_LAST_MONTH = 36.5


def _compared(evidence: Evidence, made: ArmEstimates, outcome: str, treatment: str, comparator: str) -> Any:
    """Return every arm less its control, at each visit."""
    rows: Any = made.rows[made.rows["is_randomised"] & made.rows["outcome"].isin(outcome_words(outcome))]
    rows = rows[rows["month"] <= _LAST_MONTH]
    rows = rows.assign(treatment=[treatment_of(arm) for arm in rows.to_dict("records")])
    lights = traffic_lights(evidence).set_index("study_id")["overall"]
    found = []
    for (study, month), visit in rows.groupby(["study_id", "month"]):
        for word in outcome_words(outcome):
            here = visit[visit["outcome"] == word]
            arms, controls = here[here["treatment"] == treatment], here[here["treatment"] == comparator]
            if arms.empty or controls.empty:
                continue
            weights = 1 / controls["se"].to_numpy() ** 2
            control = float(weights @ controls["estimate"].to_numpy() / weights.sum())
            found += [
                {**{name: arm[name] for name in _ARMS if name in arm}, "study": study, "arm": arm["arm_id"],
                 "month": month, "estimate": arm["estimate"] - control, "control_variance": 1 / weights.sum(),
                 "se": float(np.sqrt(arm["se"] ** 2 + 1 / weights.sum())), "bias": lights.get(study, "not_assessed")}
                for arm in arms.to_dict("records")
            ]  # fmt: skip
            break
    return pd.DataFrame(found, columns=_ARMS)


def _counted(n_trials: int) -> str:
    return {0: "no trial", 1: "one trial"}.get(n_trials, f"{n_trials} trials")


def _fitting(arms: Any, moderator: Moderator) -> tuple[Any, pd.DataFrame]:
    """Keep the arms whose moderator is known; say of the others why not."""
    reason = pd.Series("", index=arms.index, dtype=object)
    if moderator is Moderator.DOSE:
        reason[arms["dose_million_cells"].isna()] = "dose not told"
        other = arms["dose_basis"] != DoseBasis.EXPANDED_CELLS
        reason[other] = "another dose basis: " + arms["dose_basis"][other].replace("", "none")
    elif moderator is not Moderator.MONTH:
        reason[arms[_COLUMN[moderator]] == ""] = f"{moderator.replace('_', ' ')} not told"
    kept = arms[reason == ""].reset_index(drop=True)
    left = arms.loc[reason != "", ["study", "arm"]].assign(reason=reason[reason != ""]).reset_index(drop=True)
    return kept, left


def _columns(arms: Any, moderator: Moderator) -> tuple[np.ndarray, list[str]]:
    """Return the columns of the moderator (dims ``arm, term``) and their names; none where it takes one value."""
    if moderator is Moderator.DOSE:
        column = np.log10(arms["dose_million_cells"].to_numpy(dtype=float) / 10)
        names = ["tenfold dose, from 10 million"]
    elif moderator is Moderator.MONTH:
        column, names = (arms["month"].to_numpy(dtype=float) - 12) / 12, ["year, from month 12"]
    else:
        words = sorted(set(arms[_COLUMN[moderator]]))
        first = arms[_COLUMN[moderator]].value_counts().index[0] if words else ""
        others = [word for word in words if word != first]
        columns = np.array([[float(value == word) for word in others] for value in arms[_COLUMN[moderator]]])
        return columns, [f"{word} against {first}" for word in others]
    if len(set(column)) < _FEWEST_VALUES:
        return np.zeros((len(arms), 0)), []
    return column[:, None], names


_FEWEST_VALUES = 2


def _covariance(arms: Any, assumed: Assumptions) -> np.ndarray:
    """Return the sampling covariance (dims ``row, row``): a shared control, and the same patients at another visit."""
    study, arm, month = (arms[name].to_numpy() for name in ("study", "arm", "month"))
    control = arms["control_variance"].to_numpy(dtype=float)
    own = arms["se"].to_numpy(dtype=float) ** 2 - control
    same_study = study[:, None] == study[None, :]
    over_visits = np.where(month[:, None] == month[None, :], 1.0, assumed.correlation_over_visits)
    shared = np.sqrt(control[:, None] * control[None, :]) * same_study
    same_arm = same_study & (arm[:, None] == arm[None, :])
    return over_visits * (shared + np.sqrt(own[:, None] * own[None, :]) * same_arm)


def _moderator(word: str) -> Moderator:
    if word not in list(Moderator):
        raise EvidenceError("regression", unknown_word("moderator", word, Moderator))
    return Moderator(word)
