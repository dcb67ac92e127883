"""A folder with the ADaM datasets of one simulated trial: transport files, Dataset-JSON, define metadata, a page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sciatrial.exchange.adam import adam_datasets
from sciatrial.exchange.adam_code import r_of_trial, why_no_code
from sciatrial.exchange.dataset_json import write_dataset_json
from sciatrial.exchange.datasets import AnalysisDataset
from sciatrial.exchange.define import to_define_xml
from sciatrial.exchange.xpt import pyreadstat_installed, write_xpt, xpt_problems
from sciatrial.foundation import StudyError
from sciatrial.statistics import SmallSample
from sciatrial.trial import Analysis, Design, TrialInFull

if TYPE_CHECKING:
    import pandas as pd


def write_adam(
    trial: TrialInFull,
    design: Design,
    folder: str | Path,
    *,
    study: str,
    question: str,
    created: datetime,
    program: tuple[str, str],
) -> tuple[AnalysisDataset, ...]:
    """Write the ADaM datasets of one simulated trial into an empty folder.

    Parameters
    ----------
    trial, design
        One trial, patient by patient, and its design.
    folder
        Empty; gets ``NAME.xpt`` (SAS transport, version 5) and ``NAME.json`` (Dataset-JSON 1.1) of each dataset,
        ``define.xml`` (Define-XML 2.1) and ``README.md``.
    study, question
        Name of the study, 1 to 60 characters, and what it is to find out.
    created
        When, with its time zone: the files say so.
    program
        Name and version of the program.

    Returns
    -------
    tuple of AnalysisDataset
        What was written.

    Raises
    ------
    StudyError
        When pyreadstat is missing, or a name does not fit a transport file; then nothing is written.
    """
    pyreadstat_installed()
    datasets = adam_datasets(trial, design, study=study)
    problems = {str(problem): problem for dataset in datasets for problem in xpt_problems(dataset)}
    if problems:
        raise StudyError(study, problems.values())
    folder = Path(folder)
    for dataset in datasets:
        write_xpt(dataset, folder / f"{dataset.file_name}.xpt")
        write_dataset_json(dataset, folder / f"{dataset.file_name}.json", study=study, created=created, program=program)
    define = to_define_xml(datasets, study=study, question=question, created=created, program=program)
    (folder / "define.xml").write_text(define, encoding="utf-8")
    (folder / "README.md").write_text(_page(trial, design, datasets, study, program), encoding="utf-8")
    return datasets


def _page(
    trial: TrialInFull, design: Design, datasets: Sequence[AnalysisDataset], study: str, program: tuple[str, str]
) -> str:
    rows = [f"| {item.name} | {item.label} | {len(item.frame)} | {item.structure} |" for item in datasets]
    arms = "; ".join(f"{place} = {arm}" for place, arm in enumerate(design.arms, start=1))
    lines = [
        f"# {study}: one simulated trial",
        "",
        f"Trial {trial.number} of scenario `{trial.scenario}`, simulated by {' '.join(program)}. **No patient in these "
        "files is a person.** For research and trial planning; stem-cell therapy is not a standard treatment for "
        "sciatica.",
        "",
        "| dataset | what | rows | a row |",
        "|---|---|---|---|",
        *rows,
        "",
        f"Treatments: {arms}. Each dataset is there as a SAS transport file (version 5) and as Dataset-JSON 1.1; "
        "`define.xml` (Define-XML 2.1) says what every variable is.",
        "",
        "## What the trial itself found",
        "",
        "| comparison | look | estimate | standard error | everybody followed |",
        "|---|---|---|---|---|",
        *(_found(row) for row in trial.contrasts.to_dict(orient="records")),
        "",
        f"{_analysis(design)} ADEFF holds the values that it uses.",
        "",
        *_borrowed(design),
        *_reproduced(trial, design),
        "## How to read these files",
        "",
        "- There are no dates: `ADY` counts days from randomisation (day 1), `RANDMON` months from the opening of the "
        "first site.",
        "- ADQS holds scores that were seen, nothing imputed; a missed visit has no row. What the estimand makes of "
        "rescue stands in ADEFF, and `DTYPE` marks every value that was not measured at its visit.",
        "- A patient who leaves does so between two visits; `EOSDY` is the last visit before.",
        *_rescue(design),
        "- Adverse events are drawn from the chances that published counts give, except flares after a procedure, "
        "which the simulated patient had. Their days are those of the procedure or assumed (`DAYFROM`). They are "
        "not coded in MedDRA; `AESER` is U where the published counts do not say. The report's table of harms draws "
        "another trial's luck.",
        *_assumed(design),
        *_missing(trial.harms_not_drawn),
        "",
    ]
    return "\n".join(lines)


def _analysis(design: Design) -> str:
    rescue = str(design.estimand.rescue).replace("_", " ")
    measure = str(design.estimand.summary_measure).replace("_", " ")
    if "odds" in measure or "ratio" in measure:
        measure = f"natural logarithm of the {measure}"
    further = f", and for {', '.join(design.adjust_for)}" if design.adjust_for else ""
    if design.enrichment is not None:
        further += "; that of the full population for the subgroup (`SUBGRFL`) too"
    return (
        f"The analysis is `{design.analysis}` of the {str(design.endpoint.measure).replace('_', ' ')} at month "
        f"{design.endpoint.month:g} ({measure}; rescue: {rescue}), adjusted for the baseline as that analysis does"
        f"{further}."
    )


def _borrowed(design: Design) -> list[str]:
    """Return which of a trial's two analyses these files hold, nothing where nothing is borrowed."""
    if design.borrowing is None:
        return []
    return [
        f"That is the planned analysis, without borrowing. What the trial says with the borrowed prior of "
        f"{design.borrowing.arm} is not in these files, and no code here finds it; the report of the study has it.",
        "",
    ]


def _reproduced(trial: TrialInFull, design: Design) -> list[str]:
    """Return the code that finds the estimates again, or that there is none."""
    if why := why_no_code(design):
        return [f"No code is given that finds these estimates in the datasets: {why}.", ""]
    unadjusted = ""
    if design.analysis in (Analysis.MMRM, Analysis.CLDA) and design.small_sample is SmallSample.KENWARD_ROGER:
        unadjusted = ", without the adjustment of Kenward and Roger that the trial's own has"
    told = [
        "In this folder, R finds the estimates again. The first number of each call is the estimate, the second one, "
        f"where there is one, its standard error{unadjusted}:",
        "",
        "```r",
        *r_of_trial(trial, design).splitlines(),
        "```",
        "",
    ]
    if design.multi_arm is not None:
        told += ["The closed test combines stages, whose patients are not marked: no code is given for it.", ""]
    if design.enrichment is not None:
        told += ["The closed test combines the stages by fixed weights: no code is given for it.", ""]
    return told


def _found(row: dict) -> str:
    if row["why_not"]:
        return f"| {row['comparison']} | {row['look']} | {row['why_not']} | – | – |"
    numbers = (f"{row[name]:.6g}" for name in ("estimate", "standard_error", "final_estimate"))
    return f"| {row['comparison']} | {row['look']} | {' | '.join(numbers)} |"


def _rescue(design: Design) -> list[str]:
    """Return what rescue is in this trial."""
    if design.rescue is None:
        return []
    what = str(design.rescue.intervention)
    if design.rescue.is_surgery:
        what = f"surgery, {design.rescue.weeks_until_surgery:g} weeks after the visit of `RESCDY`"
    return [f"- Rescue (`RESCFL`) is {what}."]


def _assumed(design: Design) -> list[str]:
    """Return which events nobody counted."""
    stop = None if design.safety is None else design.safety.stopping
    if stop is None or stop.true_share is None:
        return []
    return [
        f"- Events of {stop.event} in arm {stop.arm} are assumed by the study file's boundary for harm, in "
        f"{100 * stop.true_share:g} % of patients: `AEREL` is empty."
    ]


def _missing(not_drawn: pd.DataFrame) -> list[str]:
    """Return the harms of which no event could be drawn: they are not absent."""
    if not_drawn.empty:
        return []
    told = [
        f"{row['arm']}: {str(row['harm']).replace('_', ' ')} ({row['in_words']})"
        for row in not_drawn.to_dict(orient="records")
    ]
    return ["- Harms of which nothing could be drawn, which does not make them absent: " + "; ".join(told) + "."]
