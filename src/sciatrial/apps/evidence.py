"""``sciatrial evidence``: a new study into the tables of published results, checked, shown, then accepted."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sciatrial.apps.places import written
from sciatrial.apps.show import TOPICS
from sciatrial.foundation import EvidenceError, Problem, StudyError

if TYPE_CHECKING:
    import pandas as pd

    from sciatrial.evidence import Addition, Evidence

app = typer.Typer(
    help="Add studies to the tables of published results: write a form, check it, see what it changes, accept it.",
    no_args_is_help=True,
)

_SHOWN_COLUMNS = {
    "studies": ("study_id", "citation", "year", "design", "condition", "n_total", "figure_from"),
    "arms": ("study_id", "arm_id", "role", "intervention", "cell_type", "dose_million_cells", "route", "n_assigned"),
    "outcomes": ("arm_id", "outcome", "instrument", "month", "n", "statistic", "value", "spread_kind", "spread_low",
                 "spread_high"),
    "safety": ("arm_id", "event", "followup_months", "n_with_event", "n_at_risk"),
    "risk_of_bias": ("study_id", "tool", "domain", "judgement"),
    "facts": ("topic", "name", "value", "low", "high", "unit"),
    "parameters": ("name", "value", "low", "high", "unit"),
}  # fmt: skip

Form = Annotated[Path, typer.Argument(metavar="FORM", help="A TOML form, a CSV file or a folder of CSV files.")]
Tables = Annotated[
    Path | None,
    typer.Option("--tables", metavar="FOLDER", help="Tables that are added to; the shipped ones if not given."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]


@app.command()
def new(name: Annotated[str, typer.Argument(metavar="NAME", help="study_id: first author and year.")]) -> None:
    """Write a commented form of an invented study, NAME.toml, to be overwritten."""
    from sciatrial.evidence import starter_form

    path = Path(f"{name.removesuffix('.toml')}.toml")
    _write_new(path, starter_form(path.stem))
    print(path)
    print(f"Next: edit it, then `sciatrial evidence check {path}`.", file=sys.stderr)


@app.command()
def check(
    what: Annotated[
        Path | None,
        typer.Argument(metavar="FOLDER|FORM", help="Seven tables, or a form; the shipped tables if not given."),
    ] = None,
    tables: Tables = None,
    as_json: AsJson = False,
) -> None:
    """Read tables or a form, list every problem and every warning; exit 1 when there are problems."""
    from sciatrial.evidence import evidence_warnings, read_evidence, read_form

    try:
        if _is_whole_folder(what):
            evidence = read_evidence(what)
            found, warnings = repr(evidence), evidence_warnings(evidence)
        else:
            addition = read_form(what or "", read_evidence(tables))
            found, warnings = repr(addition), list(addition.warnings)
    except EvidenceError as error:
        if not as_json:
            raise
        _print_json({"subject": error.subject, "problems": [vars(one) for one in error.problems], "warnings": []})
        raise typer.Exit(1) from error
    if as_json:
        _print_json({"subject": str(what or "shipped"), "problems": [], "warnings": [vars(one) for one in warnings]})
        return
    print(found)
    _print_warnings(warnings)
    print("No problems." if not warnings else f"No problems; {_counted(len(warnings), 'warning')}.")


@app.command()
def add(
    form: Form,
    tables: Tables = None,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="FOLDER", help="New folder for the tables with the study added.")
    ] = None,
    accept: Annotated[bool, typer.Option("--accept", help="Write; without it, show what would be added.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the rows that a form adds, what looks odd and what changes; with --accept, write them."""
    from dataclasses import replace

    from sciatrial.evidence import add_study, read_evidence, read_form, write_tables

    target = _target(tables, into, accept)
    before = read_evidence(tables)
    addition = read_form(form, before)
    # to look is free, whether a person has confirmed the form or not; to write is not
    after = add_study(before, addition if accept else replace(addition, is_confirmed=True))
    changed = changes(before, after)
    if as_json:
        _print_json(_added_values(addition, changed))
    else:
        _print_added(addition)
        print("\nWhat it changes:")
        print(changed if isinstance(changed, str) else _as_text(changed))
    if accept and target is not None:
        write_tables(after, target, addition=addition)
        print(f"Written: {target}", file=sys.stderr)
    else:
        print("Nothing was written; --accept writes it.", file=sys.stderr)


@app.command(name="import")
def import_study(
    study: Annotated[
        str, typer.Argument(metavar="NCT...|FILE.json", help="A study of ClinicalTrials.gov, or its JSON.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FORM.toml", help="Form to write; nct....toml if not given.")
    ] = None,
    address: Annotated[
        str | None, typer.Option("--address", help="Address of the registry's API, up to /studies.")
    ] = None,
) -> None:
    """Write a form with candidate rows from the registry of trials, for a person to confirm."""
    from sciatrial.exchange import Registry, candidate_form, candidate_study, fetch_study, read_study_file

    if re.fullmatch(r"(?i)nct\d*", study.strip()):
        number = study.strip().upper()
        document = fetch_study(number, Registry(address=address) if address else None)
        candidate = candidate_study(document, expected=number)
    else:
        candidate = candidate_study(read_study_file(study))
    path = out or Path(f"{candidate.nct_id.lower()}.toml")
    _write_new(path, candidate_form(candidate))
    print(path)
    rows = f"{len(candidate.arms)} arms, {len(candidate.outcomes)} outcome rows, {len(candidate.safety)} safety rows"
    print(f"Candidates: {rows}. Left out: {len(candidate.left_out)}, listed at the end of the form.", file=sys.stderr)
    print(f"Next: compare each cell with its source, then `sciatrial evidence check {path}`.", file=sys.stderr)


@app.command()
def dictionary(
    table: Annotated[str | None, typer.Argument(metavar="TABLE", help="One table; all seven if not given.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="Rows to print on a terminal; 0 for all.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Show every column, word, instrument and rule of the tables, with its meaning."""
    from dataclasses import replace

    from sciatrial.evidence import data_dictionary

    whole = TOPICS["dictionary"]({})
    frame = data_dictionary(table)
    narrow = None if whole.narrow is None else frame.reindex(columns=list(whole.narrow.columns))
    if as_json:
        print(frame.to_json(orient="records", indent=1, force_ascii=False))
    else:
        replace(whole, frame=frame, narrow=narrow).print(limit)


def changes(before: Evidence, after: Evidence) -> pd.DataFrame | str:
    """Return what added rows change in the pooled results, or a sentence where that cannot be told.

    The comparison is `sciatrial.synthesis.compare_evidence`: one row for each comparison, outcome and month, with
    columns ``comparison, outcome, month, n_studies_before, n_studies_after, effect_before, effect_after,
    interval_before, interval_after``.
    """
    from sciatrial.synthesis import compare_evidence

    frame = compare_evidence(before, after)
    return frame if len(frame) else "No pooled result changes."


def _is_whole_folder(what: Path | None) -> bool:
    """Say whether all tables are meant: a form brings studies, seldom facts or parameters beside them."""
    if what is None:
        return True
    return (what / "studies.csv").exists() and any((what / f"{name}.csv").exists() for name in ("facts", "parameters"))


def _target(tables: Path | None, into: Path | None, accept: bool) -> Path | None:
    if into is not None and into.exists() and any(into.iterdir() if into.is_dir() else [into]):
        problem = Problem("--into", f"{into} already exists", "a new folder", "choose another; nothing was changed")
        raise StudyError("evidence add", problem)
    if accept and tables is None and into is None:
        hint = "add --into NEW-FOLDER, or --tables YOUR-FOLDER to add to tables of your own"
        problem = Problem("--into", "is missing: the shipped tables are never written to", "a folder of yours", hint)
        raise StudyError("evidence add", problem)
    return into or tables


def _write_new(path: Path, text: str) -> None:
    try:
        with written(path), path.open("x", encoding="utf-8") as file:
            file.write(text)
    except StudyError as error:
        if path.exists():
            problem = Problem("file", "already exists", "a new name", "choose another name; nothing was changed")
            raise StudyError(str(path), problem) from error
        raise


def _print_added(addition: Addition) -> None:
    for table, frame in addition.frames.items():
        if len(frame):
            print(f"\n{table}: {_counted(len(frame), 'new row')}")
            print(_as_text(frame.reindex(columns=list(_SHOWN_COLUMNS[table]))))
    print()
    _print_warnings(addition.warnings)


def _print_warnings(warnings: list[Problem] | tuple[Problem, ...]) -> None:
    for warning in warnings:
        print("\n".join(f"  {line}" if number else f"warning: {line}" for number, line in
                        enumerate(str(warning).splitlines())))  # fmt: skip


def _as_text(frame: pd.DataFrame) -> str:
    return frame.to_string(index=False, na_rep="", float_format=lambda number: f"{number:.6g}", max_colwidth=44)


def _added_values(addition: Addition, changed: pd.DataFrame | str) -> dict[str, object]:
    return {
        "form": addition.source,
        "rows": {table: [dict(row.cells) for row in rows] for table, rows in addition.rows.items() if rows},
        "warnings": [vars(warning) for warning in addition.warnings],
        "changes": changed if isinstance(changed, str) else json.loads(changed.to_json(orient="records") or "[]"),
    }


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' if count != 1 else ''}"


def _print_json(values: dict[str, object]) -> None:
    print(json.dumps(values, indent=1, ensure_ascii=False))
