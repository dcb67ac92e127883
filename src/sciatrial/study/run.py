"""Run a study: the chain, each record kept as soon as it is made, the folder renamed when it is whole."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomlkit

from sciatrial.engine import prepare
from sciatrial.evidence import Evidence
from sciatrial.foundation import Problem, Progress, Record, SciatrialError, TrialError, fingerprint, silent
from sciatrial.model import sciatica_model
from sciatrial.parameters import Draws
from sciatrial.study import chain
from sciatrial.study.folder import alone, final_folder, finish, open_partial, write_json, writing
from sciatrial.study.pooling import pool_characteristics, reference_pool
from sciatrial.study.present import write_run_report
from sciatrial.study.read import Study
from sciatrial.study.stamp import versions
from sciatrial.trial import (
    ControlPrior,
    OperatingCharacteristics,
    PatientPool,
    ResampledCharacteristics,
    Scenario,
    TrialBatch,
    TrialResult,
    operating_characteristics,
)

if TYPE_CHECKING:
    from sciatrial.calibration import Posterior
    from sciatrial.population import PopulationComparison

RUN_SCHEMA = 1

Tell = Callable[[str], None]


def quietly(line: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Run:
    """A finished run: its folder, its two main records, and whether it was there already."""

    folder: Path
    result: TrialResult
    operating: OperatingCharacteristics
    was_kept: bool

    @property
    def report(self) -> Path:
        """The HTML file."""
        return self.folder / "report.html"

    def __repr__(self) -> str:
        return f"Run: {self.folder}\n{self.operating!r}\n  report {self.report}"


def run_study(study: Study, *, out: str | Path = "runs", progress: Progress = silent, tell: Tell = quietly) -> Run:
    """Run the whole chain and write the report.

    What an interrupted run has finished is taken up again, batch of trials by batch, and gives the same numbers. A run
    that is finished is not run again: the folder's name holds a fingerprint of the study, the tables, the prior or
    posterior and the programs.

    Parameters
    ----------
    study
        What `read_study` returned.
    out
        Folder in which the run folder is made.
    progress
        Told of every simulated trial.
    tell
        Told one line for each room.

    Returns
    -------
    Run

    Raises
    ------
    StudyError
        When the folder cannot be written to, is full, or is being written by another process.
    EvidenceError, CalibrationError, CohortError, TrialError, SolverError
        From the rooms below.
    KeyboardInterrupt
        As it comes; everything finished so far is kept.
    """
    inputs = chain.read_inputs(study)
    final = final_folder(out, study.name, inputs.fingerprint())
    if final.exists():
        when = datetime.fromtimestamp(final.stat().st_mtime).strftime("%Y-%m-%d %H:%M")
        tell(f"run           kept from {when}: {final}")
        return read_finished(final, was_kept=True)
    partial = open_partial(final)
    with writing(partial), alone(partial):
        records = write_records(inputs, partial, progress=progress, tell=tell)
        _write_stamp(inputs, partial, records)
        started = time.perf_counter()
        write_run_report(partial)
        tell(_line("report", "report.html", started))
    with writing(final):
        finish(partial, final)
    return read_finished(final, was_kept=False)


def read_finished(folder: str | Path, *, was_kept: bool = True) -> Run:
    """Read a finished run.

    Raises
    ------
    StudyError
        When the folder holds no run, or one whose records were changed.
    """
    folder = Path(folder)
    result, operating = TrialResult.load(folder / "trial"), OperatingCharacteristics.load(folder / "operating")
    return Run(folder, result, operating, was_kept)


def write_records(
    inputs: chain.Inputs, folder: Path, *, progress: Progress = silent, tell: Tell = quietly
) -> Mapping[str, Record]:
    """Make every record of a run in `folder`, taking up what is there."""
    study = inputs.study
    records: dict[str, Record] = {}

    def keep(room: str, name: str, kind: type[Record], make: Callable[[], Record], words: Callable[[Any], str]) -> Any:
        started = time.perf_counter()
        found = _kept(folder / name, kind)
        record = found or make()
        if found is None:
            _save_whole(record, folder / name)
        records[name] = record
        tell(_line(room, words(record), started, was_kept=found is not None))
        return record

    keep("evidence", "evidence", Evidence, lambda: inputs.evidence, _evidence_words)
    posterior = inputs.posterior
    if posterior is not None:
        keep("calibration", "posterior", type(posterior), lambda: posterior, _posterior_words)
    compared = inputs.population
    if compared is not None:
        keep("calibration", "population", type(compared), lambda: compared, _population_words)
    borrowed = inputs.control_prior
    if borrowed is not None:
        keep("evidence", "control_prior", ControlPrior, lambda: borrowed, _prior_words)
    words = _draws_words(study.settings.calibration.drawn)
    draws = keep("parameters", "draws", Draws, lambda: chain.run_draws(inputs), words)
    inputs.prior.rows.to_csv(folder / "prior.csv", index=False)
    started = time.perf_counter()
    prepare(sciatica_model())
    tell(_line("engine", f"{len(sciatica_model().mechanisms)} mechanisms ready", started))
    started = time.perf_counter()
    batches, n_kept = _batches(inputs, folder / "batches", progress)
    total = sum(count for _, _, count in chain.batch_places(study))
    kept_words = f", {n_kept} kept from before" if n_kept else ""
    tell(_line("population", f"{study.design.size} patients of {study.cohort.name} in each of {total} trials", None))
    tell(_line("trial", f"{total} trials in {len(chain.scenarios(study))} scenarios{kept_words}", started))
    operating = keep(
        "trial", "operating", OperatingCharacteristics, lambda: operating_characteristics(batches), _operating_words
    )
    example = _first_enrolled(operating)
    keep("trial", "trial", TrialResult, lambda: chain.example_trial(inputs, draws, example), _trial_words)
    if study.settings.simulation.pool:
        pool = keep(
            "trial", "pool", PatientPool, lambda: reference_pool(inputs, progress=progress),
            lambda made: f"a pool of {len(made)} patients at the reference values",
        )  # fmt: skip
        keep(
            "trial", "pooled", ResampledCharacteristics, lambda: pool_characteristics(inputs, pool, progress=progress),
            _pooled_words,
        )  # fmt: skip
    shutil.rmtree(folder / "batches", ignore_errors=True)  # the record of operating characteristics holds them all
    return records


def _line(room: str, words: str, started: float | None, *, was_kept: bool = False) -> str:
    if started is None:
        return f"{room:<12}  {words}"
    end = "kept" if was_kept else f"{time.perf_counter() - started:.1f} s"
    return f"{room:<12}  {words:<64} {end:>8}"


def _evidence_words(evidence: Evidence) -> str:
    return f"{len(evidence.studies)} studies, {len(evidence.outcomes)} outcome rows"


def _posterior_words(posterior: Posterior) -> str:
    fit = "every check of the fit holds" if posterior.converged else "THE FIT DOES NOT HOLD"
    return f"posterior {posterior.fingerprint()[:12]}, {len(posterior)} draws; {fit}"


def _population_words(compared: PopulationComparison) -> str:
    row = compared.counts().to_dict("records")[-1]
    return f"patients at the door: {row['met_equal']} of {row['numbers']} published numbers met as they come"


def _prior_words(prior: ControlPrior) -> str:
    return f"a prior of {prior.arm}, worth {prior.sizes()['robust']:.0f} patients"


def _draws_words(drawn: Scenario) -> Callable[[Draws], str]:
    end = ", nothing calibrated" if drawn is Scenario.PRIOR else ""
    return lambda draws: f"{len(draws.values)} {drawn} draws of {len(draws.keys)} numbers{end}"


def _operating_words(operating: OperatingCharacteristics) -> str:
    return f"operating characteristics of {operating.trials['comparison'].nunique()} comparisons"


def _pooled_words(pooled: ResampledCharacteristics) -> str:
    return f"{pooled.trials['trial'].nunique()} trials drawn from the pool"


def _trial_words(result: TrialResult) -> str:
    return f"{result.name}: {sum(result.conduct['randomised'].values())} patients"


def _kept(folder: Path, kind: type[Record]) -> Any:
    """Return the record that an interrupted run left, None when there is none or it is damaged."""
    if not folder.exists():
        return None
    try:
        return kind.load(folder)
    except SciatrialError:
        shutil.rmtree(folder)
        return None


def _save_whole(record: Record, folder: Path) -> None:
    temporary = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(temporary, ignore_errors=True)
    record.save(temporary)
    temporary.rename(folder)


def _batches(inputs: chain.Inputs, folder: Path, progress: Progress) -> tuple[list[TrialBatch], int]:
    """Return all batches of trials and how many trials an interrupted run had done."""
    places = list(chain.batch_places(inputs.study))
    batches: list[TrialBatch] = []
    n_kept = 0
    folder.mkdir(exist_ok=True)
    progress.start("trials", sum(count for _, _, count in places))
    for scenario, first, count in places:
        path = folder / f"{scenario}-{first:06d}"
        found = _kept(path, TrialBatch)
        if found is not None:
            n_kept += count
            progress.advance(count)
        else:
            found = chain.batch(inputs, scenario, first, count, progress)
            _save_whole(found, path)
        batches.append(found)
    progress.finish()
    return batches, n_kept


def _first_enrolled(operating: OperatingCharacteristics) -> int:
    """Return the first trial with a draw of its own that could enrol; it is shown in full."""
    mine, drawn = operating.counts, operating.drawn
    trials = [t for s, t in zip(mine["scenario"], mine["trial"], strict=True) if s == drawn] if len(mine) else []
    if trials:
        return int(min(trials))
    found = f"no draw of the {drawn} gave a population that meets the criteria"
    raise TrialError("trial", Problem("population.eligible", found, "one trial or more", "widen the criteria"))


def _write_stamp(inputs: chain.Inputs, folder: Path, records: Mapping[str, Record]) -> None:
    """Write the study and what made the run; run.json comes last, and makes the run whole."""
    study = inputs.study
    (folder / "study.toml").write_text(tomlkit.dumps(dict(study.resolved)), encoding="utf-8")
    (folder / "study_as_given.toml").write_text(study.text, encoding="utf-8")
    counts = records["operating"].counts  # type: ignore[attr-defined]
    prints = {name: record.fingerprint() for name, record in records.items()}
    write_json(
        folder / "run.json",
        {
            "schema": RUN_SCHEMA,
            "name": study.name,
            "fingerprint": inputs.fingerprint(),
            "seed": study.settings.seed,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "is_quick": study.is_quick,
            "changes": list(study.changes),
            "versions": versions(),
            "fingerprints": {**prints, "prior": fingerprint(inputs.prior.rows)},
            "unsolved_patients": int(counts["unsolved"].sum()) if len(counts) else 0,
            "same_arm": chain.same_arm(inputs),
        },
    )
