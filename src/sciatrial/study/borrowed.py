"""The prior of a study's control: from published arms, with what else their evidence is used for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from sciatrial.evidence import Assumptions, Evidence, arm_estimates
from sciatrial.foundation import Outcome, Problem, StudyError, nearest
from sciatrial.parameters import Prior
from sciatrial.statistics import NormalMixture, fewer_components, information_size
from sciatrial.study.read import Study
from sciatrial.synthesis import ControlSearch, SmallPool, control_arms, pooled_control, study_changes
from sciatrial.trial import Borrowing, ControlPrior, SharedEvidence, given_prior, published_prior

if TYPE_CHECKING:
    from sciatrial.calibration import Posterior

_MOST_TOLD = 6


def study_control_prior(
    study: Study, evidence: Evidence, prior: Prior, posterior: Posterior | None
) -> ControlPrior | None:
    """Return the prior of the control of a study, None where it borrows nothing.

    Parameters
    ----------
    study
        The study.
    evidence, prior, posterior
        The tables, and what the study's patients are drawn from (None: of the prior).

    Raises
    ------
    StudyError
        When a study that is named is not in the tables or cannot be used, and when no study is left, with every arm
        and why it is not in the prior; when the vague part says more than what is borrowed.
    """
    asked = study.design.borrowing
    if asked is None:
        return None
    if asked.prior:
        return given_prior(asked)
    search = _search(study, asked)
    unknown = [] if search.named is None else _unknown(search.named, evidence)
    if unknown:
        raise StudyError(study.name, unknown)
    arms = _with_uses(control_arms(evidence, arm_estimates(evidence), search), evidence, prior, posterior)
    if asked.evidence is SharedEvidence.SPLIT:
        arms = _split(arms)
    _refuse(study, asked, arms)
    changes: Any = study_changes(arms)
    pooled = pooled_control(changes, asked.between_trial_sd)
    exact = NormalMixture(*pooled.of_new_trial())
    few = fewer_components(exact)
    patient_sd = float((changes["n"] @ changes["sd"] ** 2 / changes["n"].sum()) ** 0.5)
    if why := asked.why_not_vague(few.mixture, asked.patient_sd or patient_sd):
        found, expected, next_step = why.split("; ")
        raise StudyError(study.name, Problem("trial.borrowing.robust_sd", found, expected, next_step))
    twice = tuple(dict.fromkeys(arms.loc[(arms["why_not"] == "") & (arms["fitted_to"] != ""), "study_id"]))
    made = published_prior(
        asked, (few.mixture.weights, few.mixture.means, few.mixture.sds), patient_sd,
        divergence=few.divergence, pooled=_told(pooled, asked), arms=arms, twice=twice,
        told=_words(asked, twice, posterior, is_certain=bool(arms["is_certain"].all())),
    )  # fmt: skip
    return replace(made, varied=_varied(evidence, search, asked, changes, made))


def _search(study: Study, asked: Borrowing) -> ControlSearch:
    """Return what is looked for: arms like the study's control, in patients like its cohort."""
    from sciatrial.calibration import CAUSE_OF

    design, control = study.design, study.design.arms[asked.arm]
    return ControlSearch(
        outcome=Outcome(str(design.endpoint.outcome)), month=design.endpoint.month, window_months=asked.window_months,
        intervention=str(control.intervention), route=None if control.route is None else str(control.route),
        conditions=tuple(condition for condition, cause in CAUSE_OF.items() if cause in study.cohort.causes),
        named=asked.studies if isinstance(asked.studies, tuple) else None,
    )  # fmt: skip


def _unknown(named: tuple[str, ...], evidence: Evidence) -> list[Problem]:
    known, problems = evidence.studies["study_id"].tolist(), []
    for place, study in enumerate(named):
        if study not in known:
            close = nearest(study, known)
            hint = f"did you mean {close!r}?" if close else "see `sciatrial show evidence`"
            found = f"{study!r} is not in the tables"
            problems.append(Problem(f"trial.borrowing.studies.{place}", found, f"one of {len(known)} studies", hint))
    return problems


def _with_uses(arms: pd.DataFrame, evidence: Evidence, prior: Prior, posterior: Posterior | None) -> pd.DataFrame:
    """Put behind each arm that could be used what the model's numbers owe to its study."""
    from sciatrial.calibration import fit_uses

    used = arms.loc[arms["why_not"] == "", "study_id"]
    found = fit_uses(evidence, prior, posterior, used).set_index("study_id")
    uses, certain = found["uses"].to_dict(), found["is_certain"].to_dict()
    return arms.assign(
        fitted_to=["" if why else uses[study] for study, why in zip(arms["study_id"], arms["why_not"], strict=True)],
        is_certain=[bool(certain.get(study, True)) for study in arms["study_id"]],
    )


def _split(arms: pd.DataFrame) -> pd.DataFrame:
    """Leave out what the model was fitted to, and what it may have been fitted to."""
    reasons = []
    for row in arms.to_dict("records"):
        if not row["why_not"] and row["fitted_to"]:
            reasons.append(f"split evidence: {row['fitted_to']}")
        elif not row["why_not"] and not row["is_certain"]:
            reasons.append("split evidence: the posterior was fitted to other tables, which may have held it")
        else:
            reasons.append(row["why_not"])
    return arms.assign(why_not=reasons)


def _refuse(study: Study, asked: Borrowing, arms: pd.DataFrame) -> None:
    """Refuse a named study that cannot be used, a prior without a study, and arms that tell no patients."""
    used = set(arms.loc[arms["why_not"] == "", "study_id"])
    told = [f"{row['study_id']} ({row['why_not']})" for row in arms.to_dict("records") if row["why_not"]]
    by_split = [row["study_id"] for row in arms.to_dict("records") if row["why_not"].startswith("split evidence")]
    problems = []
    if isinstance(asked.studies, tuple):
        for place, name in enumerate(asked.studies):
            if name not in used:
                mine = [row["why_not"] for row in arms.to_dict("records") if row["study_id"] == name]
                why = "; ".join(mine) or f"no control arm of it measured {study.design.endpoint.outcome}"
                where, expected = f"trial.borrowing.studies.{place}", "a study whose control arm can be used"
                hint = 'write evidence = "shared"' if name in by_split else "leave it out, or name another"
                problems.append(Problem(where, f"{name} cannot be used: {why}", expected, hint))
    if not used and not problems:
        shown = "; ".join(told[:_MOST_TOLD]) or "no control arm measured the outcome"
        more = f"; and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
        hint = (
            f'write evidence = "shared", which lets {", ".join(dict.fromkeys(by_split))} in and says so in the report'
            if by_split
            else "name studies = [ … ] that differ in route or patients, widen window_months, or give prior = [ … ]"
        )
        where, expected = "trial.borrowing.evidence", "one published control arm or more"
        problems.append(Problem(where, f"leaves no study: {shown}{more}", expected, hint))
    if not problems and asked.patient_sd is None and bool(arms.loc[arms["why_not"] == "", "sd"].isna().any()):
        found = "is missing, and a published arm tells no standard deviation between patients"
        problems.append(Problem("trial.borrowing.patient_sd", found, "points, above 0", "add it"))
    if problems:
        raise StudyError(study.name, problems)


def _told(pooled: SmallPool, asked: Borrowing) -> dict[str, float]:
    names = ("median", "low", "high", "new_low", "new_high", "tau_median", "tau_low", "tau_high")
    return {name: float(getattr(pooled, name)) for name in names} | {
        "n_studies": float(pooled.n_studies), "between_trial_sd": asked.between_trial_sd,
    }  # fmt: skip


def _words(asked: Borrowing, twice: tuple[str, ...], posterior: Posterior | None, *, is_certain: bool) -> str:
    """Return what is to be said of evidence that is used for both."""
    source = "the prior table" if posterior is None else "the posterior"
    if twice:
        return (
            f"Shared evidence: {', '.join(twice)} stand both in this prior and behind {source} from which virtual "
            "patients are drawn. Simulated controls are then no independent check of the prior: power, type I error, "
            "bias and drift in simulated trials count the same evidence twice. The table by drift takes only standard "
            "errors from them."
        )
    told = f"No study of this prior stands behind {source}, as far as the tables tell."
    if not is_certain:
        told += " The posterior was fitted to other tables, so that this is not sure."
    return told if asked.evidence is SharedEvidence.SHARED else f"Split evidence. {told}"


def _varied(
    evidence: Evidence, search: ControlSearch, asked: Borrowing, changes: pd.DataFrame, made: ControlPrior
) -> pd.DataFrame:
    """Return the informative part under other assumptions, the study's own first.

    Returns
    -------
    pandas.DataFrame
        ``assumption, mean, sd, patients`` (by the expected local information ratio).
    """
    rows = []
    for name, mine, between in _variants(evidence, search, asked, changes):
        part = NormalMixture(*pooled_control(mine, between).of_new_trial())
        size = information_size(part, made.patient_sd)
        rows.append({"assumption": name, "mean": part.mean, "sd": part.sd, "patients": size})
    return pd.DataFrame(rows)


def _variants(
    evidence: Evidence, search: ControlSearch, asked: Borrowing, changes: pd.DataFrame
) -> Iterator[tuple[str, Any, float]]:
    scale, kept = asked.between_trial_sd, list(changes["study_id"])
    yield "as planned", changes, scale
    for factor in (0.5, 2.0):
        yield f"between_trial_sd {factor * scale:g}", changes, factor * scale
    for name, others in (("correlation_before_after", (0.3, 0.7)), ("predicted_sd_factor", (0.7, 1.4))):
        for value in others:
            estimates = arm_estimates(evidence, replace(Assumptions(), **{name: value}))
            again: Any = study_changes(control_arms(evidence, estimates, search))
            yield f"{name} {value:g}".replace("_", " "), again[again["study_id"].isin(kept)], scale
    if len(kept) > 1:
        for study in kept:
            yield f"without {study}", changes[changes["study_id"] != study], scale
