"""``sciatrial export adam|usdm|facts``: simulated trials as datasets, the design, virtual patients for FACTS."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from sciatrial.apps.bar import Bar
from sciatrial.apps.places import whole_folder, write_new

StudyFile = Annotated[Path, typer.Argument(metavar="STUDY", help="A study file.")]
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder to write.")]
Scenario = Annotated[
    str | None,
    typer.Option("--scenario", help="One that the study simulates; left out, the draws of its prior or posterior."),
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a setting, for example trial.n_total=90; may be repeated."),
]
Force = Annotated[
    bool,
    typer.Option(
        "--force", help="Replace what the same verb wrote there; nothing else, and nothing that changed since."
    ),
]

_README = "README.md"


def adam(
    study: StudyFile,
    folder: Folder,
    trial: Annotated[
        int | None,
        typer.Option("--trial", help="Number of the trial, from 0; left out, the first that could enrol."),
    ] = None,
    scenario: Scenario = None,
    changes: Changes = None,
    force: Force = False,
) -> None:
    """Write one simulated trial, patient by patient: ADaM as SAS transport files and Dataset-JSON, with define.xml."""
    from sciatrial.exchange import write_adam
    from sciatrial.study import read_study, study_trial

    read = read_study(study, changes=changes or ())
    with whole_folder(folder, verb="export adam", force=force) as made:
        full = study_trial(read, trial=trial, scenario=scenario)
        datasets = write_adam(
            full, read.design, made, study=read.name, question=read.settings.question, created=datetime.now(UTC),
            program=_program(),
        )  # fmt: skip
    print(folder)
    rows = ", ".join(f"{dataset.name} {len(dataset.frame)} rows" for dataset in datasets)
    print(f"Trial {full.number} of scenario {full.scenario}: {rows}; see {folder / _README}", file=sys.stderr)


def usdm(
    study: StudyFile,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="JSON file to write.")],
    sponsor: Annotated[str | None, typer.Option("--sponsor", help="Name of the sponsor.")] = None,
    sponsor_type: Annotated[
        str, typer.Option("--sponsor-type", help="What the sponsor is: academic_institution, pharmaceutical_company, …")
    ] = "academic_institution",
    changes: Changes = None,
    force: Force = False,
) -> None:
    """Write the design of a study as CDISC USDM 4.0 JSON, for programs in which protocols are written."""
    from sciatrial.exchange import to_usdm
    from sciatrial.study import read_study

    read = read_study(study, changes=changes or ())
    text = to_usdm(
        read.design, read.cohort, study=read.name, question=read.settings.question, program=_program(),
        sponsor=None if sponsor is None else (sponsor, sponsor_type),
    )  # fmt: skip
    write_new(path, text, force=force)
    if sponsor is None:
        print("No sponsor is named: --sponsor NAME --sponsor-type WORD", file=sys.stderr)


def facts(
    study: StudyFile,
    folder: Folder,
    patients: Annotated[int, typer.Option("--patients", help="Patients in every arm of each file.")] = 500,
    trials: Annotated[
        int | None, typer.Option("--trials", help="Files, each a world of its own; left out, the study's n_trials.")
    ] = None,
    scenario: Scenario = None,
    changes: Changes = None,
    force: Force = False,
) -> None:
    """Write virtual patients as files of external subject responses for FACTS Core, one file a simulated world."""
    from rich.console import Console

    from sciatrial.exchange import FACTS_ENDING, facts_page, to_facts
    from sciatrial.study import read_study, study_responses

    read = read_study(study, changes=changes or ())
    asked = scenario or str(read.settings.calibration.drawn)
    left_out: list[int] = []
    written = n_unsolved = 0
    with (
        whole_folder(folder, verb="export facts", force=force) as made,
        Bar(Console(stderr=True)) as bar,
    ):
        for number, found in study_responses(read, n_patients=patients, trials=trials, scenario=scenario, progress=bar):
            if found is None:
                left_out.append(number)
                continue
            n_unsolved += found.n_unsolved
            text = to_facts(found, read.design)
            (made / f"world{number:05d}{FACTS_ENDING}").write_text(text, encoding="ascii")
            written += 1
        page = facts_page(
            read.design, study=read.name, scenario=asked, n_patients=patients, n_files=written,
            left_out=left_out, n_unsolved=n_unsolved,
        )  # fmt: skip
        (made / _README).write_text(page, encoding="utf-8")
    print(folder)
    print(f"{written} files; see {folder / _README}", file=sys.stderr)


def _program() -> tuple[str, str]:
    return "sciatrial", version("sciatrial")
