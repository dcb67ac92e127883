"""The command line: a few verbs, each one call of a public function."""

from __future__ import annotations

import json
import os
import re
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from sciatrial.apps import calibrate, explain, size, synthesise, validate
from sciatrial.apps.evidence import app as evidence_app
from sciatrial.apps.export import app as export_app
from sciatrial.apps.show import TOPICS, shown
from sciatrial.apps.show_design import TOPIC as DESIGN
from sciatrial.apps.show_design import show_design
from sciatrial.apps.show_safety import TOPIC as SAFETY
from sciatrial.apps.show_safety import show_safety
from sciatrial.apps.show_synthesis import TOPICS as SYNTHESIS
from sciatrial.apps.show_synthesis import Asked
from sciatrial.apps.shown import Shown
from sciatrial.foundation import CellType, Intervention, Problem, Route, SciatrialError, StudyError

if TYPE_CHECKING:
    from rich.console import Console

    from sciatrial.study import Run

INTERRUPTED = 130


class _Verbs(TyperGroup):
    """Verbs whose problems are told in our own words: exit 1 for problems, 130 for interrupted; typer's 2 for usage."""

    def invoke(self, ctx: Any) -> Any:
        """Call a verb."""
        try:
            return super().invoke(ctx)
        except SciatrialError as error:
            print(error, file=sys.stderr)
            raise typer.Exit(1) from error
        except MemoryError as error:
            hint = "ask for fewer --patients; in a study, for a smaller trial.n_total"
            problem = Problem("memory", "not enough memory", "room for all the patients at once", hint)
            print(StudyError(str(ctx.invoked_subcommand), problem), file=sys.stderr)
            raise typer.Exit(1) from error
        except KeyboardInterrupt as error:
            kept = ctx.invoked_subcommand in ("run", "rerun", "sensitivity", "calibrate")
            told = "What was finished is kept; the same command goes on from there." if kept else "Nothing was written."
            print(f"\nInterrupted. {told}", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from error
        except BrokenPipeError as error:
            # whoever read the output has gone; keep Python from complaining about it at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from error


app = typer.Typer(
    name="sciatrial",
    cls=_Verbs,
    help="In-silico clinical trials of stem-cell therapy in sciatica, from published evidence to a trial protocol.",
    epilog="For research and trial planning. Stem-cell therapy is not a standard treatment for sciatica.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(export_app, name="export")
app.add_typer(evidence_app, name="evidence")
app.command()(explain.sensitivity)
app.command()(explain.attribute)
app.command()(synthesise.synthesise)
app.command()(calibrate.calibrate)
app.command()(validate.validate)
app.command()(size.size)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]


def main() -> None:
    """Run the command line."""
    app()


@app.callback(invoke_without_command=True)
def _top(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        from importlib.metadata import version as installed

        print(f"sciatrial {installed('sciatrial')}")
        raise typer.Exit


def _toml_files(incomplete: str) -> list[str]:
    places = [Path(), Path("studies")]
    return [str(p) for place in places for p in sorted(place.glob("*.toml")) if str(p).startswith(incomplete)]


def _run_folders(incomplete: str) -> list[str]:
    return [str(p.parent) for p in sorted(Path("runs").glob("*/run.json")) if str(p.parent).startswith(incomplete)]


def _topics(incomplete: str) -> list[str]:
    return [
        topic
        for topic in [*TOPICS, *SYNTHESIS, DESIGN, SAFETY, *_run_folders(incomplete)]
        if topic.startswith(incomplete)
    ]


StudyFile = Annotated[Path, typer.Argument(metavar="STUDY", help="A study file.", autocompletion=_toml_files)]
RunFolder = Annotated[Path, typer.Argument(metavar="FOLDER", help="A run folder.", autocompletion=_run_folders)]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a setting, for example trial.n_total=90; may be repeated."),
]
Quick = Annotated[bool, typer.Option("--quick", help="Six trials a scenario: the same path, rough numbers.")]


@app.command()
def new(name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the study.")]) -> None:
    """Write a commented starter study, NAME.toml."""
    path = Path(f"{name.removesuffix('.toml')}.toml")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}", path.stem):
        problem = Problem("name", f"is '{path.stem}'", "letters, digits, hyphens and underscores, 60 at most")
        raise StudyError("new", problem)
    text = files("sciatrial.apps").joinpath("starter_study.toml").read_text(encoding="utf-8")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text.replace("@NAME@", path.stem))
    except FileExistsError as error:
        problem = Problem("file", "already exists", "a new name", "choose another name; nothing was changed")
        raise StudyError(str(path), problem) from error
    except OSError as error:
        problem = Problem("file", f"cannot be written ({error.strerror})", "a folder that you may write to")
        raise StudyError(str(path), problem) from error
    print(path)
    print(f"Next: edit it, then `sciatrial check {path}` and `sciatrial run {path}`.", file=sys.stderr)


@app.command()
def check(study: StudyFile, changes: Changes = None, as_json: AsJson = False) -> None:
    """Read everything, run nothing, list every problem."""
    from sciatrial.study import check_study, read_study

    try:
        read = read_study(study, changes=changes or ())
        check_study(read)
    except SciatrialError as error:
        if not as_json:
            raise
        problems = [vars(problem) for problem in error.problems]
        print(json.dumps({"file": str(study), "subject": error.subject, "problems": problems}, indent=1))
        raise typer.Exit(1) from error
    if as_json:
        print(json.dumps({"file": str(study), "problems": [], "resolved": read.resolved}, indent=1))
    else:
        print(f"{read!r}\nNo problems.")


@app.command()
def run(
    study: StudyFile,
    changes: Changes = None,
    quick: Quick = False,
    out: Annotated[Path, typer.Option(help="Folder in which the run folder is made.")] = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Run the chain and write the report; keep each record in runs/NAME-FINGERPRINT."""
    from sciatrial.apps.bar import Bar
    from sciatrial.study import read_study, run_study

    read = read_study(study, changes=changes or (), quick=quick)
    console = _stderr()
    with Bar(console) as bar:
        done = run_study(read, out=out, progress=bar, tell=_teller(console))
    if as_json:
        _print_json(_run_values(done))
    else:
        print(_run_text(done))


@app.command()
def rerun(
    folder: RunFolder,
    force: Annotated[bool, typer.Option("--force", help="Go on under other versions of the programs.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a run again from its kept study, tables and seed; exit 0 when every number is the same."""
    from sciatrial.apps.bar import Bar
    from sciatrial.study import rerun_study

    console = _stderr()
    with Bar(console) as bar:
        done = rerun_study(folder, force=force, progress=bar, tell=_teller(console))
    other = [f"{name}: kept {was}, now {now}" for name, was, now in done.other_versions]
    if as_json:
        changed = {name: list(lines) for name, lines in done.changed.items()}
        _print_json({"folder": str(folder), "is_identical": done.is_identical, "changed": changed, "versions": other})
    else:
        print("Identical, bit for bit." if done.is_identical else "Not the same:")
        for name, lines in done.changed.items():
            print("\n".join(f"  {name}: {line}" for line in lines))
        if other:
            print("Under other versions:\n  " + "\n  ".join(other))
    raise typer.Exit(0 if done.is_identical else 1)


@app.command()
def show(
    topic: Annotated[
        str,
        typer.Argument(
            metavar="WHAT",
            help=f"{', '.join([*TOPICS, *SYNTHESIS, DESIGN, SAFETY])}, or a run folder.",
            autocompletion=_topics,
        ),
    ],
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[STUDY]", help="Design, safety: the study file.", autocompletion=_toml_files),
    ] = None,
    cell_type: Annotated[CellType | None, typer.Option(help="Evidence: arms that received these cells.")] = None,
    route: Annotated[Route | None, typer.Option(help="Evidence: arms treated by this route.")] = None,
    condition: Annotated[str | None, typer.Option(help="Evidence: studies of this condition.")] = None,
    outcome: Annotated[str | None, typer.Option(help="Evidence: rows of this outcome.")] = None,
    intervention: Annotated[Intervention | None, typer.Option(help="Evidence: arms that received this.")] = None,
    study: Annotated[str | None, typer.Option(help="Evidence: one study.")] = None,
    month: Annotated[int | None, typer.Option(help="Trials together: 1, 3, 6, 12, 24 or 36 months.")] = None,
    treatment: Annotated[str | None, typer.Option(help="Trials together: cell_therapy, or another treatment.")] = None,
    comparator: Annotated[str | None, typer.Option(help="Trials together: placebo_procedure, or another.")] = None,
    by: Annotated[
        str | None, typer.Option(help="Moderators: dose, cell_type, donor, route, month, risk_of_bias.")
    ] = None,
    tables: Annotated[Path | None, typer.Option(help="Trials together: a folder with the seven tables.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw it into this .svg, .png or .pdf.")] = None,
    posterior: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Posterior, population: a saved posterior; left out, that of the package."),
    ] = None,
    show_r: Annotated[
        bool, typer.Option("--show-r", help="Pooled, design: print the R code that gives the same.")
    ] = False,
    limit: Annotated[int, typer.Option(min=0, help="Rows to print on a terminal; 0 for all.")] = 60,
    as_json: AsJson = False,
) -> None:
    """Show what is there: one of the topics below, or one run."""
    filters = {
        "cell_type": cell_type, "route": route, "condition": condition, "outcome": outcome,
        "intervention": intervention, "study": study,
    }  # fmt: skip
    asked = Asked(None, month, treatment, comparator, by, tables, picture, show_r or None, posterior)
    if topic in (DESIGN, SAFETY):
        table = _study_table(topic, file, filters, asked)
    else:
        if file is not None:
            hint = "only `show design` and `show safety` take one"
            raise StudyError(f"show {topic}", Problem("STUDY", f"is {file}", "no file", hint))
        table = shown(topic, {name: str(word) for name, word in filters.items() if word is not None}, asked)
    if as_json:
        print(table.frame.to_json(orient="records", indent=1, force_ascii=False))
    else:
        table.print(limit)


def _study_table(topic: str, file: Path | None, filters: dict[str, Any], asked: Asked) -> Shown:
    known = {"show_r"} if topic == DESIGN else set()
    other = {name for name, word in filters.items() if word is not None} | (asked.given() - known)
    expected = "--show-r" if topic == DESIGN else "no option"
    problems = [Problem(f"--{name.replace('_', '-')}", "not of this topic", expected, "leave out") for name in other]
    if file is None:
        problems.append(Problem("STUDY", "is missing", "a study file", f"sciatrial show {topic} STUDY"))
    if problems or file is None:
        raise StudyError(f"show {topic}", problems)
    return show_design(file, with_r=bool(asked.show_r)) if topic == DESIGN else show_safety(file)


@app.command()
def report(folder: RunFolder) -> None:
    """Write the report of a finished run again, beside the records that it shows."""
    from sciatrial.study import write_run_report

    print(write_run_report(folder))


def _stderr() -> Console:
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def _teller(console: Console) -> Any:
    return lambda line: console.print(line, markup=False)


def _run_values(done: Run) -> dict[str, Any]:
    summary = done.operating.summary
    return {
        "folder": str(done.folder),
        "report": str(done.report),
        "was_kept": done.was_kept,
        "calibrated": done.operating.drawn == "posterior",
        "endpoint": dict(done.operating.endpoint),
        "operating_characteristics": _rows(summary),
        "by_look": _rows(done.operating.stopping),
        "one_trial": _rows(done.result.contrasts),
    }


def _rows(frame: Any) -> list[dict[str, Any]]:
    """Return a frame as JSON values, null where a number is missing."""
    return json.loads(frame.to_json(orient="records"))


def _run_text(done: Run) -> str:
    from sciatrial.report import borrowing_lines, calibration_words, dose_lines, effect_told, endpoint_told

    summary, source = done.operating.summary, calibration_words(done.operating.drawn).capitalize()
    endpoint = done.operating.endpoint
    lines = [
        f"{source}. {effect_told(endpoint).capitalize()}, {endpoint_told(endpoint)}: share of simulated trials that "
        "succeed"
    ]
    told: dict[str, list[str]] = {}
    apart = []
    for row in summary.to_dict(orient="records"):
        if row["quantity"] == "success":
            scenario = str(row["scenario"]).replace("_", " ")
            share = f"{row['value']:.0%} ± {row['monte_carlo_se']:.0%}" if row["n_trials"] else "no trial could enrol"
            if row["scenario"] == "unblinded_null":
                apart.append(f"  Broken blinding, no type I error: {row['comparison']} {share}")
            else:
                told.setdefault(row["comparison"], []).append(f"{scenario} {share}")
    lines += [f"  {comparison}: {', '.join(shares)}" for comparison, shares in told.items()]
    more = [*dose_lines(done.operating), *borrowing_lines(done.operating)]
    lines += [*apart, *_look_lines(done), *(f"  {line}" for line in more)]
    return "\n".join([*lines, f"Report: {done.report}"])


def _look_lines(done: Run) -> list[str]:
    """Return expected size and time by scenario, nothing for a design with one look."""
    from sciatrial.report import has_interim_looks

    if not has_interim_looks(done.operating):
        return []
    told: dict[str, dict[str, str]] = {}
    for row in done.operating.summary.to_dict(orient="records"):
        if row["quantity"] in ("expected_patients", "expected_months") and row["n_trials"]:
            scenario = str(row["scenario"]).replace("_", " ")
            words = f"{row['value']:.0f} {row['quantity'].removeprefix('expected_')}"
            told.setdefault(scenario, {})[row["quantity"]] = words
    return ["  Expected until the decision: " + "; ".join(f"{s} {', '.join(w.values())}" for s, w in told.items())]


def _print_json(values: dict[str, Any]) -> None:
    print(json.dumps(values, indent=1, ensure_ascii=False))
