"""``sciatrial calibrate``: the model fitted to published trials, as a posterior, its tables and one page."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sciatrial.apps.places import refuse_unwritable_folder, written
from sciatrial.foundation import CalibrationError, Problem, StudyError, how_to_install

if TYPE_CHECKING:
    import pandas as pd

    from sciatrial.calibration import Fit, Settings
    from sciatrial.population import PopulationComparison
    from sciatrial.study import Study

RUNS, POSTERIOR, PAGE = "runs", "posterior", "calibration.html"
_QUICK_LOOK = {"n_patients": 200, "n_draws": 10}  # of patients at the door


def calibrate(
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Folder for runs, posterior, tables and page.")],
    study: Annotated[
        Path | None,
        typer.Argument(metavar="[STUDY]", help="A study file: its tables and inclusion probability are taken."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A look in minutes: the same path, rough numbers.")] = False,
    tables: Annotated[Path | None, typer.Option("--tables", metavar="FOLDER", help="Your own seven tables.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="From 0; the same seed gives the same numbers.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; left out, one a core. They change the time alone.")
    ] = None,
    inclusion: Annotated[
        float | None, typer.Option("--inclusion", min=0, max=1, help="Probability of each optional effect beforehand.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """Fit the model to published trials and facts: half an hour, minutes with --quick. Interrupted, it goes on."""
    from rich.console import Console

    from sciatrial.apps.bar import Bar
    from sciatrial.calibration import POPULATION, posterior_population
    from sciatrial.calibration import calibrate as fit_model
    from sciatrial.engine import cores
    from sciatrial.evidence import read_evidence
    from sciatrial.parameters import read_prior
    from sciatrial.report import write_calibration

    _refuse_finished(out)
    _refuse_without_sampler()
    read = _read(study)
    tables = _tables(read, tables)
    evidence = read_evidence(tables)
    settings = _settings(read, quick=quick, seed=seed, inclusion=inclusion)
    with Bar(Console(stderr=True)) as bar:
        fit = fit_model(
            evidence, read_prior(), settings=settings, folder=out / RUNS, workers=workers or cores(), progress=bar
        )
        compared = posterior_population(fit.posterior, evidence, progress=bar, **(_QUICK_LOOK if quick else {}))
    stamp = {
        "created": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), "is_quick": quick,
        "tables": "shipped" if tables is None else str(tables),
    }  # fmt: skip
    with written(out, "folder"):
        for name, frame in frames_of(fit).items():
            frame.to_csv(out / f"{name}.csv", index=False)
        write_calibration(fit, out / PAGE, population=compared, stamp=stamp)
        shutil.rmtree(out / POPULATION, ignore_errors=True)  # what an interrupted writing left
        compared.save(out / POPULATION)
        fit.posterior.save(out / POSTERIOR)  # last: where it is, all is
    print(
        json.dumps(_values(fit, compared, out), indent=1, ensure_ascii=False) if as_json else _text(fit, compared, out)
    )


def _refuse_finished(out: Path) -> None:
    """Refuse a folder in which a calibration is finished, or that holds something else."""
    if (out / POSTERIOR).exists():
        what = Problem(POSTERIOR, "already exists", "a folder without a finished calibration", "choose another name")
        raise StudyError(str(out), what)
    if not out.exists():
        refuse_unwritable_folder(out)
    elif not out.is_dir() or (any(out.iterdir()) and not (out / RUNS).is_dir()):
        what = Problem("folder", "holds something else", "a new folder, or one of an interrupted calibration")
        raise StudyError(str(out), what)


def _refuse_without_sampler() -> None:
    if all(find_spec(name) for name in ("numpyro", "arviz", "threadpoolctl")):
        return
    what = Problem("the sampler", "is not installed", "NumPyro and ArviZ", how_to_install("bayes"))
    raise CalibrationError("calibrate", [what])


def _read(study: Path | None) -> Study | None:
    from sciatrial.study import read_study

    return None if study is None else read_study(study)


def _tables(read: Study | None, tables: Path | None) -> Path | None:
    """Return the folder with the tables, None for those of the package; what the command line says comes first."""
    if tables is not None or read is None or read.settings.evidence.tables == "shipped":
        return tables
    return read.folder / read.settings.evidence.tables


def _settings(read: Study | None, *, quick: bool, seed: int | None, inclusion: float | None) -> Settings:
    from dataclasses import replace

    from sciatrial.calibration import Settings

    settings = Settings.quick() if quick else Settings()
    if inclusion is None and read is not None:
        inclusion = read.settings.calibration.inclusion_probability
    changed: dict[str, Any] = {"seed": seed, "inclusion_probability": inclusion}
    return replace(settings, **{name: value for name, value in changed.items() if value is not None})


def frames_of(fit: Fit) -> Mapping[str, pd.DataFrame]:
    """Return every table of a fit by the name of its file."""
    posterior, terms = fit.posterior, fit.calibration.terms
    return {
        "parameters": posterior.parameters, "effects": posterior.effects, "checks": posterior.checks,
        "cells": fit.cells, "predictive": fit.predictive, "prior_predictive": fit.prior_predictive,
        "reached": fit.reached, "influence": fit.influence, "confounded": fit.confounded,
        "sensitivity": fit.sensitivity, "numbers": terms.rows, "facts": fit.calibration.facts.rows,
        "unused": terms.unused,
    }  # fmt: skip


def _values(fit: Fit, compared: PopulationComparison, out: Path) -> dict[str, Any]:
    from sciatrial.calibration import ABOUT_CELLS
    from sciatrial.report import claim_words

    posterior = fit.posterior
    cells = fit.cells.assign(claim=[claim_words(name, fit.calibration.terms) for name in fit.cells["question"]])
    return {
        "folder": str(out), "page": str(out / PAGE), "posterior": str(out / POSTERIOR),
        "converged": posterior.converged, "checks": _rows(posterior.checks), "effects": _rows(posterior.effects),
        "no_cell_effect": posterior.probability_of_no_cell_effect, "cells": _rows(cells),
        "about_cells": ABOUT_CELLS, "population": _rows(compared.counts()),
    }  # fmt: skip


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return json.loads(frame.to_json(orient="records") or "[]")


def _text(fit: Fit, compared: PopulationComparison, out: Path) -> str:
    from sciatrial.report import answer_lines, population_lines, posterior_lines

    lines = [
        *posterior_lines(fit.posterior),
        *answer_lines(fit),
        population_lines(compared)[0],
        f"Other months, and against a sham: {out / 'cells.csv'}",
    ]
    return "\n".join([*lines, f"Posterior: {out / POSTERIOR}", f"Page: {out / PAGE}"])
