"""``sciatrial export``: the model, one patient of it, trials and designs in other people's formats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sciatrial.apps import export_trial
from sciatrial.apps.places import refuse_existing, write_new, written
from sciatrial.foundation import LONGEST_MONTHS, Problem, StudyError

if TYPE_CHECKING:
    from sciatrial.clinic import Protocol
    from sciatrial.exchange import Case

app = typer.Typer(
    help="Write the model, simulated trials or a design in other programs' formats, or as pages.", no_args_is_help=True
)
app.command()(export_trial.adam)
app.command()(export_trial.usdm)
app.command()(export_trial.facts)

Target = Annotated[Path, typer.Argument(metavar="PATH", help="File to write.")]
Cause = Annotated[
    str, typer.Option("--cause", help="herniation, stenosis, spondylolisthesis, piriformis or discogenic.")
]
Treatment = Annotated[
    str, typer.Option("--treatment", metavar="NAME|STUDY:ARM", help="A reference treatment, or an arm of a study file.")
]
Months = Annotated[
    float, typer.Option("--months", help=f"How long random events and doses are listed, 1 to {LONGEST_MONTHS:g}.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there.")]


@app.command()
def sbml(
    path: Target, cause: Cause = "herniation", treatment: Treatment = "none", months: Months = 12.0,
    force: Force = False,
) -> None:  # fmt: skip
    """Write one patient as SBML Level 3 Version 2: units, sources, doses as events."""
    from sciatrial.exchange import to_sbml
    from sciatrial.parameters import read_prior

    case = _case(cause, treatment, months)
    write_new(path, to_sbml(case, links=_links(), prior=read_prior()), force=force)


@app.command()
def antimony(
    path: Target, cause: Cause = "herniation", treatment: Treatment = "none", months: Months = 12.0,
    force: Force = False,
) -> None:  # fmt: skip
    """Write one patient as Antimony text, to be read by people."""
    from sciatrial.exchange import to_antimony

    case = _case(cause, treatment, months)
    write_new(path, to_antimony(case), force=force)


@app.command()
def omex(
    path: Target, cause: Cause = "herniation", treatment: Treatment = "none", months: Months = 12.0,
    force: Force = False,
) -> None:  # fmt: skip
    """Write one patient as a COMBINE archive: SBML, Antimony, and SED-ML that simulates and draws it."""
    from sciatrial.exchange import write_omex
    from sciatrial.parameters import read_prior

    case = _case(cause, treatment, months)
    refuse_existing(path, force=force)
    with written(path):
        write_omex(case, path, links=_links(), prior=read_prior())
    print(path)


def _links() -> dict[str, str]:
    from sciatrial.evidence import read_evidence
    from sciatrial.exchange import source_links

    return source_links(read_evidence())


def _case(cause: str, treatment: str, months: float) -> Case:
    from sciatrial.exchange import reference_case
    from sciatrial.foundation import DAYS_PER_MONTH

    if not 1 <= months <= LONGEST_MONTHS:
        raise StudyError("export", Problem("--months", f"is {months:g}", f"1 to {LONGEST_MONTHS:g}"))
    what: str | Protocol = _arm(treatment) if ":" in treatment else treatment
    return reference_case(cause, what, last_day=months * DAYS_PER_MONTH)


def _arm(text: str) -> Protocol:
    """Return an arm of a study file, named as STUDY.toml:ARM."""
    from sciatrial.foundation import unknown_word
    from sciatrial.study import read_study

    file, _, arm = text.rpartition(":")
    study = read_study(Path(file))
    if arm not in study.design.arms:
        raise StudyError(file, unknown_word("--treatment", arm, study.design.arms, "arm"))
    return study.design.arms[arm]


@app.command()
def dossier(path: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder to write.")]) -> None:
    """Write the model as pages: every equation, number, unit, range and source, and a summary for clinicians."""
    from sciatrial.evidence import read_evidence
    from sciatrial.model import sciatica_model
    from sciatrial.parameters import read_behaviours, read_prior
    from sciatrial.report import write_dossier

    for file in write_dossier(
        path, model=sciatica_model(), prior=read_prior(), evidence=read_evidence(), behaviours=read_behaviours()
    ):
        print(file)
