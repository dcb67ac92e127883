"""``sciatrial size``: how many patients reach a power, or an assurance."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sciatrial.apps.places import refuse_unwritable_file, written
from sciatrial.foundation import Problem, StudyError

if TYPE_CHECKING:
    from sciatrial.trial import SizeSearch

POWER, TRIALS_FOR_POWER, TRIALS_OF_A_DRAW, DRAWS = 0.9, 4_000, 20, 60


def size(
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="A study file; everything but its size is used.")],
    power: Annotated[float | None, typer.Option(help=f"Wanted at the reference values; {POWER:g} by default.")] = None,
    assurance: Annotated[float | None, typer.Option(help="Wanted over the study's prior or posterior.")] = None,
    draws: Annotated[int, typer.Option(help="Assurance: draws, each with patients of its own.")] = DRAWS,
    trials: Annotated[
        int | None,
        typer.Option(help=f"Trials of each size and draw; {TRIALS_FOR_POWER} or, for assurance, {TRIALS_OF_A_DRAW}."),
    ] = None,
    smallest: Annotated[int | None, typer.Option(help="Patients in all; a quarter of the study's by default.")] = None,
    largest: Annotated[int | None, typer.Option(help="Patients in all; four times the study's by default.")] = None,
    precision: Annotated[
        float | None, typer.Option(help="Largest Monte-Carlo error of the power at the answer, such as 0.005.")
    ] = None,
    pools: Annotated[
        Path | None, typer.Option(help="Folder that keeps pools of patients for other designs and searches.")
    ] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a setting; may be repeated.")
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw the curve into this .svg, .png or .pdf.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """Find how many patients a trial needs: success by size, from patients simulated once and drawn into trials."""
    from rich.console import Console

    from sciatrial.apps.bar import Bar
    from sciatrial.report import picture_format, plot_sizes, save_picture
    from sciatrial.study import Wanted, read_study, study_size

    if power is not None and assurance is not None:
        found = f"--power {power:g} and --assurance {assurance:g}"
        raise StudyError("size", Problem("target", found, "one of the two", "search them one after the other"))
    if picture is not None:
        picture_format(picture)
        refuse_unwritable_file(picture)
    is_assurance = assurance is not None
    wanted = Wanted(
        assurance if assurance is not None else POWER if power is None else power,
        is_assurance,
        draws,
        trials if trials is not None else TRIALS_OF_A_DRAW if is_assurance else TRIALS_FOR_POWER,
        smallest,
        largest,
        precision,
    )
    read = read_study(study, changes=changes or ())
    with Bar(Console(stderr=True)) as bar:
        search = study_size(read, wanted, pools=pools, progress=bar)
    if picture is not None:
        with written(picture):
            save_picture(plot_sizes(search), picture)
    print(json.dumps(_values(search), indent=1) if as_json else _text(search))
    if search.n_total is None:
        problem = Problem("size", "the largest is too small", "one that reaches the target", "raise --largest")
        print(StudyError(read.name, problem), file=sys.stderr)
        raise typer.Exit(1)


def _values(search: SizeSearch) -> dict[str, Any]:
    words = {name: value for name, value in vars(search).items() if name != "curve"}
    return {
        **words,
        "quantity": search.quantity,
        "is_precise": search.is_precise,
        "curve": search.curve.to_dict("records"),
    }


def _text(search: SizeSearch) -> str:
    from sciatrial.trial import size_in_words

    lines = [f"{'patients':>9} {search.quantity:>10} {'± error':>8} {'expected':>9}"]
    lines += [
        f"{row['n_total']:>9} {row['success']:>10.1%} {row['monte_carlo_se']:>8.1%} {row['expected_patients']:>9.0f}"
        for row in search.curve.to_dict("records")
    ]
    left_out = search.not_enrolled
    if left_out:
        lines.append(f"{left_out} draws are left out: hardly anybody meets the criteria, and nobody would recruit.")
    return "\n".join([*lines, size_in_words(search)])
