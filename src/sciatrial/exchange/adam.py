"""One simulated trial → ADaM datasets: ADSL, ADQS, ADEFF and ADAE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.exchange.adam_variables import ADAE, ADEFF, ADQS, ADSL, BASELINES, CODE_LISTS, SCORE_CODES, score_label
from sciatrial.exchange.datasets import AnalysisDataset, Variable
from sciatrial.foundation import DAYS_PER_MONTH, Score
from sciatrial.trial import Design, TrialInFull

# of an event that the boundary for harm assumes nobody says what it comes of
_CAUSALITY = {"related": "RELATED", "any_cause": "UNKNOWN", "assumed": ""}
_DERIVATIONS = {"baseline": "BOCF", "last_before_rescue": "LOCF", "failure": "FAILURE", "": ""}


def adam_datasets(trial: TrialInFull, design: Design, *, study: str) -> tuple[AnalysisDataset, ...]:
    """Return the ADaM datasets of one simulated trial.

    Parameters
    ----------
    trial
        One trial, patient by patient.
    design
        Its design: the order of its arms numbers the treatments.
    study
        Name of the study, 1 to 60 characters; the STUDYID.

    Returns
    -------
    tuple of AnalysisDataset
        ``ADSL`` (one row a patient), ``ADQS`` (one row a patient, score and visit at which it was seen; nothing
        imputed), ``ADEFF`` (what the pre-specified analysis uses, one row a patient, item and visit) and ``ADAE`` (one
        row an adverse event).

    Source
    ------
    CDISC Analysis Data Model Implementation Guide 1.3: subject-level, basic data and occurrence data structures.
    """
    subjects = trial.subjects
    number = {arm: place for place, arm in enumerate(design.arms, start=1)}
    identifiers: dict[str, NDArray[Any]] = {
        "STUDYID": np.full(len(subjects), study, dtype=object),
        "USUBJID": np.array(
            [f"{study}-{trial.number:05d}-{patient + 1:05d}" for patient in subjects["patient"]], dtype=object
        ),
        "SITEID": np.array([f"{site:03d}" for site in subjects["site"]], dtype=object),
        "arm": subjects["arm"].to_numpy(dtype=object),
        "number": np.array([number[arm] for arm in subjects["arm"]]),
    }
    return (
        _dataset("ADSL", _subjects(trial, identifiers)),
        _dataset("ADQS", _scores(trial, identifiers)),
        _dataset("ADEFF", _analysed(trial, design, identifiers)),
        _dataset("ADAE", _events(trial, identifiers)),
    )


_ABOUT: dict[str, tuple[str, str, str, tuple[str, ...], Sequence[Variable]]] = {
    "ADSL": (
        "Subject-Level Analysis Dataset", "SUBJECT LEVEL ANALYSIS DATASET", "One record per subject",
        ("STUDYID", "USUBJID"), ADSL,
    ),
    "ADQS": (
        "Scores by Visit", "BASIC DATA STRUCTURE", "One record per subject, parameter and visit that was seen",
        ("STUDYID", "USUBJID", "PARAMCD", "AVISITN"), ADQS,
    ),
    "ADEFF": (
        "Endpoint as Analysed", "BASIC DATA STRUCTURE", "One record per subject, parameter and visit that is used",
        ("STUDYID", "USUBJID", "PARAMCD", "AVISITN"), ADEFF,
    ),
    "ADAE": (
        "Adverse Events", "OCCURRENCE DATA STRUCTURE", "One record per subject and event",
        ("STUDYID", "USUBJID", "AESEQ"), ADAE,
    ),
}  # fmt: skip


def _dataset(name: str, columns: dict[str, Any]) -> AnalysisDataset:
    import pandas as pd

    label, kind, structure, keys, variables = _ABOUT[name]
    frame = pd.DataFrame({item.name: _column(item, columns[item.name]) for item in variables})
    frame = frame.sort_values(list(keys), kind="stable").reset_index(drop=True)
    lists = {item.codes: CODE_LISTS[item.codes] for item in variables if item.codes}
    return AnalysisDataset(name, label, kind, structure, keys, tuple(variables), lists, frame)


def _column(variable: Variable, values: Any) -> Any:
    """Return text as it is, and every number as a float: only those can be missing in SAS."""
    return np.asarray(values, dtype=object if variable.kind == "text" else float)


def _day(days: Any) -> NDArray[np.float64]:
    """Return days since randomisation as relative days, of which there is no day 0."""
    return np.floor(np.asarray(days, dtype=float)) + 1


def _flag(is_so: Any, no: str = "N") -> NDArray[Any]:
    return np.where(np.asarray(is_so, dtype=bool), "Y", no).astype(object)


def _of(identifiers: dict[str, NDArray[Any]], places: Any, treatment: str) -> dict[str, Any]:
    """Return the identifiers of the patients at these places, and their arm as `treatment`."""
    rows = np.asarray(places, dtype=np.int64)
    own = {name: values[rows] for name, values in identifiers.items()}
    return own | {treatment: own["arm"], f"{treatment}N": own["number"]}


def _subjects(trial: TrialInFull, identifiers: dict[str, NDArray[Any]]) -> dict[str, Any]:
    subjects = trial.subjects
    treated = np.isfinite(subjects["first_treated_day"].to_numpy(dtype=float))
    stayed, solved, cut = (subjects[name].to_numpy(dtype=bool) for name in ("has_stayed", "is_solved", "is_cut_short"))
    arm = identifiers["arm"]
    return {
        **identifiers,
        "SUBJID": np.array([f"{patient + 1:05d}" for patient in subjects["patient"]], dtype=object),
        "SIMSCEN": trial.scenario,
        "SIMTRIAL": trial.number,
        "RANDNUM": subjects["place"] + 1,
        "RANDPER": subjects["period"],
        "SUBGRFL": _flag(subjects["in_subgroup"]) if "in_subgroup" in subjects else "",
        "RANDMON": subjects["months_until_randomised"],
        "AGE": subjects["age_years"],
        "AGEU": "YEARS",
        "SEX": np.where(subjects["is_female"].to_numpy(dtype=bool), "F", "M"),
        "SYMPMON": subjects["symptom_months"],
        "CAUSE": subjects["cause"],
        "HERNCLS": subjects["herniation_class"],
        "ARM": arm,
        "TRT01P": arm,
        "TRT01PN": identifiers["number"],
        "TRT01A": np.where(treated, arm, ""),
        "TRT01AN": np.where(treated, identifiers["number"], np.nan),
        "TRTSDY": _day(subjects["first_treated_day"]),
        "RANDFL": "Y",
        "ITTFL": "Y",
        "SAFFL": _flag(treated),
        "FASFL": _flag(subjects["is_analysed"]),
        "RESCFL": _flag(np.isfinite(subjects["rescued_day"].to_numpy(dtype=float))),
        "RESCDY": _day(subjects["rescued_day"]),
        "EOSSTT": np.where(stayed & solved, "COMPLETED", "DISCONTINUED"),
        "DCSREAS": np.select(
            [~solved, cut, ~stayed], ["OTHER", "STUDY TERMINATED BY SPONSOR", "LOST TO FOLLOW-UP"], ""
        ),
        "EOSDY": _day(subjects["last_day"]),
        **{name: subjects[str(score)] for score, name in BASELINES.items()},
    }


def _scores(trial: TrialInFull, identifiers: dict[str, NDArray[Any]]) -> dict[str, Any]:
    rows = trial.scores
    scores = [Score(word) for word in rows["score"]]
    known = list(SCORE_CODES)
    measured = trial.analysed.loc[trial.analysed["derivation"] == ""]
    used = set(zip(measured["place"], measured["occasion"], measured["parameter"], strict=True))
    is_used = [
        (place, occasion, score) in used
        for place, occasion, score in zip(rows["place"], rows["occasion"], rows["score"], strict=True)
    ]
    is_baseline = rows["occasion"].to_numpy() == 0
    return {
        **_of(identifiers, rows["place"], "TRTP"),
        "PARAMCD": [SCORE_CODES[score][0] for score in scores],
        "PARAM": [score_label(score) for score in scores],
        "PARAMN": [known.index(score) + 1 for score in scores],
        "AVAL": rows["value"],
        "BASE": rows["baseline"],
        "CHG": rows["value"] - rows["baseline"],
        "ABLFL": _flag(is_baseline, ""),
        **_visit(rows["month"]),
        "ADY": _day(rows["day"]),
        "AWTARGET": _day(rows["month"] * DAYS_PER_MONTH),
        "RESCPRFL": _flag(rows["is_after_rescue"]),
        "ANL01FL": _flag(is_used, ""),
        "LOOKN": rows["first_look"],
    }


def _analysed(trial: TrialInFull, design: Design, identifiers: dict[str, NDArray[Any]]) -> dict[str, Any]:
    rows = trial.analysed
    items = dict.fromkeys(zip(rows["item"], rows["parameter"], strict=True))
    names = {item: (number, *_parameter(*item, design)) for number, item in enumerate(items, start=1)}
    told = [names[item] for item in zip(rows["item"], rows["parameter"], strict=True)]
    return {
        **_of(identifiers, rows["place"], "TRTP"),
        "PARAMCD": [code for _, code, _ in told],
        "PARAM": [label for _, _, label in told],
        "PARAMN": [place for place, _, _ in told],
        "AVAL": rows["value"],
        "BASE": rows["baseline"],
        "CHG": rows["change"],
        **_visit(rows["month"]),
        "DTYPE": [_DERIVATIONS[word] for word in rows["derivation"]],
        "ANL01FL": "Y",
        "LOOKN": rows["first_look"],
    }


def _parameter(item: int, word: str, design: Design) -> tuple[str, str]:
    """Return code and label of what the analysis uses."""
    if word in set(Score):
        return SCORE_CODES[Score(word)][0], score_label(Score(word))
    if design.endpoint.hierarchy:
        outcome = design.endpoint.hierarchy[item]
        told = word.replace("_", " ") if outcome.rule is None else word
        more = "" if outcome.score is None else f" since baseline, decided by more than {outcome.margin:g}"
        return f"OUTCOME{item + 1}", f"Outcome {item + 1} of the hierarchy: {told}{more}"
    if design.endpoint.categories:
        cuts = ", ".join(f"{cut:g}" for cut in design.endpoint.categories)
        return "CATEGORY", f"{word.replace('_', ' ').capitalize()}, cut at {cuts}"
    return "RESPONSE", f"Response: {word}"


def _visit(months: Any) -> dict[str, Any]:
    return {"AVISIT": ["Baseline" if month == 0 else f"Month {month:g}" for month in months], "AVISITN": months}


def _events(trial: TrialInFull, identifiers: dict[str, NDArray[Any]]) -> dict[str, Any]:
    rows = trial.harms
    places = rows["place"].to_numpy(dtype=np.int64)
    harm, exposure = ([str(word).replace("_", " ") for word in rows[name]] for name in ("harm", "exposure"))
    first = trial.subjects["first_treated_day"].to_numpy(dtype=float)[places]
    days, times = rows["day"].to_numpy(dtype=float), rows["time"].to_numpy(dtype=float)
    return {
        **_of(identifiers, places, "TRTA"),
        "AESEQ": rows.groupby("place").cumcount() + 1,
        "AETERM": [f"{what.capitalize()}: {of}" for what, of in zip(harm, exposure, strict=True)],
        "AEDECOD": [what.capitalize() for what in harm],
        "AESER": np.where(rows["is_serious"].to_numpy(dtype=bool), "Y", "U"),
        "AEREL": [_CAUSALITY[word] for word in rows["counted"]],
        "EXPOSURE": exposure,
        "ADMINNUM": np.where(times > 0, times, np.nan),
        "ASTDY": _day(days),
        "DAYFROM": rows["day_from"],
        # a patient without treatment has events of what came before it alone
        "TRTEMFL": _flag(days >= first),
    }
