"""``sciatrial validate``: how well studies are predicted by a fit that never saw them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sciatrial.apps.places import refuse_unwritable_folder, written
from sciatrial.foundation import CalibrationError, Problem, how_to_install

if TYPE_CHECKING:
    import pandas as pd

    from sciatrial.calibration import BlindValidation, Posterior, Validation
    from sciatrial.population import PopulationComparison

PREDICTIONS, RESULT, PAGE = "predictions", "validation", "report.html"
CREDIBILITY, CREDIBILITY_PAGE = "credibility", "credibility.html"
SELF_CHECK = "self_check"


def validate(
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="New folder for predictions and scores.")],
    tables: Annotated[
        Path | None,
        typer.Argument(
            metavar="[TABLES]", help="Seven tables of studies that the fit never saw; left out, those of the package."
        ),
    ] = None,
    posterior: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="A saved posterior; left out, that of the package.")
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Without TABLES: kept runs of a calibration, which is fitted again."),
    ] = None,
    report: Annotated[
        bool, typer.Option("--report", help="Write two pages: what was predicted, and how credible the model is.")
    ] = False,
    self_check: Annotated[
        bool,
        typer.Option(
            "--self-check", help="With --report: test the sampler on data of its own; keeps its ranks. Minutes."
        ),
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Few draws: the same path, rough numbers.")] = False,
    seed: Annotated[int | None, typer.Option(min=0, help="From 0; the same seed gives the same numbers.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """Predict studies from their designs alone, fix the predictions on disk, then read what was found and compare."""
    refuse_unwritable_folder(out)
    _refuse_what_does_not_go_together(tables, posterior, calibration)
    _refuse_without_extras(self_check=self_check)
    found: BlindValidation | Validation
    whose: Posterior | None = None
    if tables is not None:
        whose = _posterior(posterior)
        found = _blind(tables, whose, out, quick=quick, seed=seed)
        values, text, n_predicted = found.summary(), _text(found), len(found.predictions)
    else:
        found = _left_out(calibration or Path(), quick=quick, seed=seed)
        values, text, n_predicted = _rows(found.scores), repr(found), len(found.predictions)
    with written(out, "folder"):
        found.save(out / RESULT)
    if report:
        _write_page(found, out / PAGE, is_quick=quick)
        folder = calibration or (Path() if posterior is None else posterior.parent)
        whose = whose or _posterior_beside(folder)
        _write_credibility(found, whose, folder, out, is_quick=quick, self_check=self_check)
    if as_json:
        print(json.dumps(values, indent=1, ensure_ascii=False))
    else:
        pages = [f"Page: {out / name}" for name in (PAGE, CREDIBILITY_PAGE) if (out / name).is_file()]
        print("\n".join([text, f"Tables: {out / RESULT}", *pages]))
    if not n_predicted:
        raise typer.Exit(1)


def _refuse_what_does_not_go_together(tables: Path | None, posterior: Path | None, calibration: Path | None) -> None:
    problems = []
    if tables is None and calibration is None:
        hint = "name the folder that `sciatrial calibrate --out FOLDER` made, or tables of studies to predict"
        problems.append(Problem("--calibration", "is missing", "kept runs, to fit without each study in turn", hint))
    if tables is None and posterior is not None:
        problems.append(Problem("--posterior", "goes with TABLES only", "a posterior that predicts unseen studies"))
    if tables is not None and calibration is not None:
        problems.append(Problem("--calibration", "goes without TABLES only", "--posterior", "leave one of the two out"))
    if problems:
        raise CalibrationError("validate", problems)


def _refuse_without_extras(*, self_check: bool) -> None:
    if self_check and not all(find_spec(name) for name in ("numpyro", "jax")):
        what = Problem("--self-check", "has no sampler to test", "NumPyro", how_to_install("bayes"))
        raise CalibrationError("validate", [what])
    if find_spec("threadpoolctl"):
        return
    what = Problem("threadpoolctl", "is not installed", "what the baselines are fitted with", how_to_install("bayes"))
    raise CalibrationError("validate", [what])


def _posterior(folder: Path | None) -> Posterior:
    from sciatrial.calibration import Posterior, reference_posterior

    return reference_posterior() if folder is None else Posterior.load(folder)


def _blind(tables: Path, posterior: Posterior, out: Path, *, quick: bool, seed: int | None) -> BlindValidation:
    """Predict, fix the predictions on disk, and only then read what was found."""
    from rich.console import Console

    from sciatrial.apps.bar import Bar
    from sciatrial.calibration import N_DRAWS, N_QUICK_DRAWS, SEED, blind_predictions, score_blind
    from sciatrial.evidence import read_evidence

    with Bar(Console(stderr=True)) as bar:
        made = blind_predictions(
            tables, posterior, read_evidence(), n_draws=N_QUICK_DRAWS if quick else N_DRAWS,
            seed=SEED if seed is None else seed, progress=bar,
        )  # fmt: skip
    with written(out, "folder"):
        made.save(out / PREDICTIONS)
    return score_blind(out / PREDICTIONS, tables)


def _left_out(folder: Path, *, quick: bool, seed: int | None) -> Validation:
    """Fit kept runs again without each study in turn."""
    from rich.console import Console

    from sciatrial.apps.bar import Bar
    from sciatrial.apps.calibrate import RUNS
    from sciatrial.calibration import Settings, prepare_calibration, validate_externally
    from sciatrial.engine import cores
    from sciatrial.evidence import read_evidence
    from sciatrial.parameters import read_prior

    if not (folder / RUNS).is_dir():
        what = Problem("--calibration", f"has no folder {RUNS}", "what `sciatrial calibrate --out FOLDER` made")
        raise CalibrationError(str(folder), [what])
    settings = Settings.quick() if quick else Settings()
    settings = settings if seed is None else replace(settings, seed=seed)
    evidence = read_evidence()
    with Bar(Console(stderr=True)) as bar:
        kept = prepare_calibration(
            evidence, read_prior(), settings=settings, folder=folder / RUNS, workers=cores(), progress=bar
        )
        return validate_externally(kept, evidence, folder=folder / RUNS, workers=cores(), progress=bar)


def _write_page(found: BlindValidation | Validation, path: Path, *, is_quick: bool) -> None:
    from sciatrial.report import write_validation

    stamp = {"created": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), "is_quick": is_quick}
    write_validation(found, path, stamp=stamp)


def _posterior_beside(folder: Path) -> Posterior | None:
    """Return the posterior of a finished calibration, None where it was not finished."""
    from sciatrial.apps.calibrate import POSTERIOR
    from sciatrial.calibration import Posterior

    return Posterior.load(folder / POSTERIOR) if (folder / POSTERIOR).is_dir() else None


def _write_credibility(
    found: BlindValidation | Validation, posterior: Posterior | None, folder: Path, out: Path, *, is_quick: bool,
    self_check: bool,
) -> None:  # fmt: skip
    """Write how credible the posterior of a calibration's folder is; without one there is nothing to say it of."""
    import pandas as pd
    from rich.console import Console

    from sciatrial.apps.bar import Bar
    from sciatrial.calibration import SEED, BlindValidation, assess_credibility, sampler_check
    from sciatrial.engine import cores
    from sciatrial.evidence import read_evidence
    from sciatrial.report import write_credibility

    if posterior is None:
        return
    evidence, test = read_evidence(), None
    if self_check:
        with Bar(Console(stderr=True)) as bar:
            test = sampler_check(evidence, seed=SEED, workers=cores(), progress=bar)
        with written(out, "folder"):
            test.save(out / SELF_CHECK)
    told = folder / "sensitivity.csv"  # beside the posterior where the calibration left its tables
    sensitivity = pd.read_csv(told) if told.is_file() else None
    left_out, blind = (None, found) if isinstance(found, BlindValidation) else (found, None)
    made = assess_credibility(
        posterior, left_out, blind, evidence=evidence, self_check=test, sensitivity=sensitivity,
        population=_compared(posterior, folder),
    )  # fmt: skip
    stamp = {"created": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), "is_quick": is_quick,
             "self_check": "" if test is None else f"{SELF_CHECK}/ranks.csv"}  # fmt: skip
    with written(out, "folder"):
        made.save(out / CREDIBILITY)
    write_credibility(made, out / CREDIBILITY_PAGE, stamp=stamp)


def _compared(posterior: Posterior, folder: Path) -> PopulationComparison | None:
    """Return the posterior's patients beside published ones: what ships, or what its calibration left."""
    from sciatrial.apps.calibrate import POSTERIOR
    from sciatrial.calibration import kept_population, reference_population

    found = reference_population()
    return found if found.is_of(posterior.fingerprint()) else kept_population(folder / POSTERIOR, posterior)


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return json.loads(frame.to_json(orient="records") or "[]")


def _text(found: BlindValidation) -> str:
    lines = [repr(found)]
    flagged = found.summary()["n_from_few_patients"]
    if flagged:
        lines.append(f"  from fewer than 50 virtual patients, flagged: {flagged}")
    if len(found.predictions):
        part = found.predictions["from_discrepancy"].abs().median()
        lines.append(f"  of a prediction, what no mechanism gives: {part:.2g} (median, in its own unit)")
    if len(found.not_predicted):
        lines.append(f"  could not be predicted: {len(found.not_predicted)}")
        for reason, count in found.not_predicted["reason"].value_counts().items():
            lines.append(f"    {count}: {reason}")
    return "\n".join(lines)
