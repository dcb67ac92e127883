"""What `sciatrial show` shows, as tables."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sciatrial.apps.show_synthesis import TOPICS as SYNTHESIS
from sciatrial.apps.show_synthesis import Asked, show_synthesis
from sciatrial.apps.shown import Shown
from sciatrial.foundation import Problem, StudyError, nearest

if TYPE_CHECKING:
    import pandas as pd

_EVIDENCE_COLUMNS = (
    "study_id", "arm_id", "intervention", "cell_type", "dose_million_cells", "route", "outcome", "instrument", "month",
    "statistic", "n", "value", "value_0_100", "unit", "rule", "usable",
)  # fmt: skip


def shown(topic: str, filters: Mapping[str, str], asked: Asked | None = None) -> Shown:
    """Return what a topic or a run folder holds.

    Parameters
    ----------
    topic
        A topic or a run folder.
    filters
        Which rows of the evidence; its `outcome` is that of a question about the trials together.
    asked
        What is asked of the trials together.

    Raises
    ------
    StudyError
        For a topic that there is not, with the nearest one; for an option that the topic does not know.
    """
    asked = asked or Asked()
    if topic in SYNTHESIS:
        other = set(filters) - {"outcome"}
        if not other:
            return show_synthesis(topic, replace(asked, outcome=filters.get("outcome")))
        filters = {name: filters[name] for name in other}
    elif asked.given():
        filters = {**filters, **dict.fromkeys(asked.given(), "")}
        raise _nothing_to_filter(topic, filters)
    if topic != "evidence" and filters:
        raise _nothing_to_filter(topic, filters)
    if topic in TOPICS:
        return TOPICS[topic](filters)
    if (Path(topic) / "run.json").is_file():
        return _run(Path(topic))
    close = nearest(topic, [*TOPICS, *SYNTHESIS])
    expected = ", ".join([*TOPICS, *SYNTHESIS]) + ", or a run folder"
    hint = f"did you mean {close!r}?" if close else "choose one of these"
    raise StudyError("show", Problem(topic, "is neither a topic nor a run folder", expected, hint))


def _nothing_to_filter(topic: str, options: Mapping[str, str]) -> StudyError:
    found = ", ".join(f"--{name.replace('_', '-')}" for name in sorted(options))
    return StudyError(f"show {topic}", Problem("options", f"{found}: nothing to filter", "show evidence", "leave out"))


def _evidence(filters: Mapping[str, str]) -> Shown:
    from sciatrial.evidence import evidence_warnings, read_evidence, select_outcomes

    evidence = read_evidence()
    frame = select_outcomes(evidence, **filters)
    note = (
        f"{frame['usable'].to_numpy(dtype=bool).sum()} of {len(frame)} rows usable on a common scale; "
        f"{len(evidence_warnings(evidence))} rows of the tables look odd and are kept as published."
    )
    whole = frame.reindex(columns=list(_EVIDENCE_COLUMNS))
    return Shown("Published outcomes, instruments on 0 to 100", whole, note, _evidence_lines(whole))


def _dictionary(_: Mapping[str, str]) -> Shown:
    from sciatrial.evidence import data_dictionary

    frame = data_dictionary()
    note = "Every column of the seven tables, every word that it may hold, every instrument and rule for responders."
    narrow = frame.reindex(columns=["table", "column", "word", "meaning", "unit", "may_be_empty"])
    return Shown("The data dictionary of the evidence tables", frame, note, narrow)


def _evidence_lines(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the evidence in few columns: who received what, and what was seen when."""
    import pandas as pd

    rows = []
    for row in frame.to_dict(orient="records"):
        dose = f" {row['dose_million_cells']:g} M" if row["dose_million_cells"] == row["dose_million_cells"] else ""
        given = f"{row['cell_type']}{dose}" if row["intervention"] == "cell_therapy" else row["intervention"]
        is_usable = bool(row["usable"])
        rows.append(
            {
                "study": row["study_id"],
                "arm": row["arm_id"],
                "received": f"{given}, {row['route']}".replace("_", " "),
                "outcome": f"{row['outcome']}, {row['instrument']}".replace("_", " "),
                "month": row["month"],
                "n": row["n"],
                "statistic": str(row["statistic"]).replace("_", " "),
                "value": row["value_0_100"] if is_usable else row["value"],
                "unit": row["unit"] if is_usable else "as published, not usable",
            }
        )
    return pd.DataFrame(
        rows, columns=["study", "arm", "received", "outcome", "month", "n", "statistic", "value", "unit"]
    )


def _mechanisms(_: Mapping[str, str]) -> Shown:
    import pandas as pd

    from sciatrial.model import sciatica_model

    model = sciatica_model()
    rows = [
        {
            "mechanism": item.name,
            "changes": ", ".join(f"{'+' if factor > 0 else '−'}{state}" for state, factor in item.changes),
            "law_per_day": _law(item.rate),
            "meaning": (inspect.getdoc(item.rate) or "").split("\n")[0],
            "sources": ", ".join(item.sources),
        }
        for item in model.mechanisms
    ]
    rows += [
        {"mechanism": item.name, "changes": "", "law_per_day": _law(item.value), "meaning": item.meaning,
         "sources": ", ".join(item.sources)}
        for item in model.formulas
    ]  # fmt: skip
    note = "Rows that change no state are formulas; their unit is in `show parameters`."
    return Shown(f"{len(model.mechanisms)} mechanisms and {len(model.formulas)} formulas", pd.DataFrame(rows), note)


def _law(function: Callable[..., Any]) -> str:
    """Return the equation of a mechanism as its function writes it."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    body = tree.body[0].body  # type: ignore[attr-defined]
    lines = [ast.unparse(node) for node in body if isinstance(node, (ast.Assign, ast.Return))]
    return "; ".join(line.removeprefix("return ") for line in lines)


def _parameters(_: Mapping[str, str]) -> Shown:
    import pandas as pd

    from sciatrial.model import sciatica_model
    from sciatrial.parameters import read_prior, words_of_numbers

    words = words_of_numbers(sciatica_model())
    rows = [
        {
            "parameter": row.key,
            "unit": words[row.name].unit,
            "reference": row.reference, "low": row.low, "high": row.high, "patient_sd": row.patient_sd,
            "scale": row.scale, "basis": row.basis, "sources": row.sources,
            "meaning": words[row.name].meaning,
        }
        for row in read_prior().entries
    ]  # fmt: skip
    note = "All draws of the prior lie from low to high. Nothing is calibrated to trials yet."
    return Shown("Parameters and their priors", pd.DataFrame(rows), note)


def _harms(_: Mapping[str, str]) -> Shown:
    import pandas as pd

    from sciatrial.clinic import hazards, unused_counts
    from sciatrial.evidence import read_evidence
    from sciatrial.parameters import read_prior, reference_draw

    evidence = read_evidence()
    rows = []
    for item in hazards(evidence, reference_draw(read_prior()).one(0)):
        low, middle, high = (100 * item.chance([0.05, 0.5, 0.95])) if item.n_with_event else (float("nan"),) * 3
        rows.append(
            {
                "harm": item.harm, "exposure": item.exposure, "per": item.per, "counted": item.counted,
                "chance": item.in_words(), "n_with_event": item.n_with_event, "n_at_risk": item.n_at_risk,
                "percent": middle, "low": low, "high": high,
                "upper_bound": 100 * item.upper_bound if item.is_estimable else float("nan"),
                "note": item.remark, "sources": ", ".join(item.sources),
            }
        )  # fmt: skip
    unused = unused_counts(evidence.safety)
    told = "; ".join(f"{reason} {count}" for reason, count in sorted(unused.items(), key=lambda pair: -pair[1]))
    n = len(evidence.safety)
    note = f"{n - sum(unused.values())} of {n} rows of the safety table used. Not used: {told}."
    frame = pd.DataFrame(rows)
    title = "Harms: chance at each administration, or of a patient; median and middle 90 %, or the upper bound"
    return Shown(title, frame, note, frame.reindex(columns=["harm", "exposure", "per", "counted", "chance", "note"]))


def _coverage(_: Mapping[str, str]) -> Shown:
    from sciatrial.clinic import simulatable_arms
    from sciatrial.evidence import read_evidence

    counts = simulatable_arms(read_evidence().arms)
    sizes, simulated = counts["n_arms"].to_numpy(), counts["is_simulatable"].to_numpy(dtype=bool)
    n, can = sizes.sum(), sizes[simulated].sum()
    return Shown(f"{can} of {n} published arms can be simulated", counts, "Every arm is counted once.")


def _cohorts(_: Mapping[str, str]) -> Shown:
    import pandas as pd

    from sciatrial.population import cohort_named, cohort_names

    rows = []
    for name in cohort_names():
        cohort = cohort_named(name)
        eligible = ", ".join(f"{score} {low:g} to {high:g}" for score, (low, high) in cohort.eligible.items())
        months = f"{cohort.symptom_months[0]:g} to {cohort.symptom_months[1]:g}"
        rows.append({"cohort": name, "cause": str(cohort.cause), "months_since_onset": months, "eligible": eligible,
                     "meaning": cohort.meaning, "sources": ", ".join(cohort.sources)})  # fmt: skip
    return Shown("Cohorts", pd.DataFrame(rows))


def _runs(_: Mapping[str, str]) -> Shown:
    import pandas as pd

    from sciatrial.study import read_run

    columns = ["folder", "state", "name", "created", "seed", "is_quick"]
    rows: list[dict[str, Any]] = []
    for path in sorted(Path("runs").glob("*/run.json")):
        if not path.parent.name.startswith("."):
            run = read_run(path.parent)
            rows.append({"folder": str(path.parent), "state": "finished", **{key: run[key] for key in columns[2:]}})
    rows += [
        {"folder": str(path), "state": "interrupted: the same command goes on", **dict.fromkeys(columns[2:], "")}
        for path in sorted(Path("runs").glob(".*.partial"))
    ]
    return Shown("Runs under runs/", pd.DataFrame(rows, columns=columns))


def _run(folder: Path) -> Shown:
    import pandas as pd

    from sciatrial.report import (
        calibration_words,
        enrichment_lines,
        family_lines,
        has_interim_looks,
        looks_wide,
        new_size_lines,
        success_lines,
    )
    from sciatrial.study import read_finished, read_study

    operating = read_finished(folder).operating
    costs = read_study(folder / "study.toml").design.costs
    title = f"{folder}: operating characteristics, {calibration_words(operating.drawn)}"
    told = success_lines(operating, "" if costs is None else costs.currency)
    note = "\n".join(
        [
            *told,
            *family_lines(operating),
            *enrichment_lines(operating),
            *new_size_lines(operating),
            f"Report: {folder / 'report.html'}",
        ]
    )
    if not has_interim_looks(operating):
        return Shown(title, operating.summary, note)
    columns = ["scenario", "comparison", "look", *operating.summary.columns[2:]]
    whole = operating.summary.assign(look="all")
    by_look = operating.stopping.assign(look=operating.stopping["look"].astype(str))
    frame = pd.concat([whole, by_look], ignore_index=True).reindex(columns=columns)
    return Shown(title, frame, note, looks_wide(operating))


TOPICS: Mapping[str, Callable[[Mapping[str, str]], Shown]] = {
    "evidence": _evidence, "dictionary": _dictionary, "mechanisms": _mechanisms, "parameters": _parameters,
    "cohorts": _cohorts, "runs": _runs, "harms": _harms, "coverage": _coverage,
}  # fmt: skip
