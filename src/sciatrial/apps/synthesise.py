"""``sciatrial synthesise``: everything that the trials say together, as one page and its tables."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sciatrial.apps.places import refuse_unwritable_folder, written
from sciatrial.foundation import Problem, StudyError, how_to_install

if TYPE_CHECKING:
    from sciatrial.synthesis import Review, TimeCourseResult
# of the sampler, where none is given: the same command gives the same numbers
SEED = 20261127


def synthesise(
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="New folder for the page and its tables.")],
    tables: Annotated[Path | None, typer.Option("--tables", metavar="FOLDER", help="Your own seven tables.")] = None,
    courses: Annotated[bool, typer.Option(help="Fit effects over time, by a sampler; takes minutes.")] = True,
    quick: Annotated[bool, typer.Option("--quick", help="Few draws: the same path, rough numbers.")] = False,
    seed: Annotated[int, typer.Option(help="Of the sampler.")] = SEED,
) -> None:
    """Pool the trials: answers with certainty, evidence map, network, effects over time, harms, as one page."""
    from rich.console import Console

    from sciatrial.apps.bar import Bar
    from sciatrial.evidence import read_evidence
    from sciatrial.report import write_review
    from sciatrial.synthesis import check_consistency, fit_literature, review_evidence, vary_correlation

    refuse_unwritable_folder(out)
    if courses:
        refuse_without_sampler()
    evidence = read_evidence(tables)
    with Bar(Console(stderr=True)) as bar:
        review = review_evidence(evidence, progress=bar)
        fitted = fit_literature(evidence, seed=seed, quick=quick, progress=bar) if courses else None
        splits = check_consistency(evidence, seed=seed, progress=bar) if courses and not quick else None
        varied = vary_correlation(evidence, seed=seed, progress=bar) if courses and not quick else None
    stamp = {
        "version": version("sciatrial"), "created": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "tables": "shipped" if tables is None else str(tables), "is_quick": quick,
    }  # fmt: skip
    with written(out, "folder"):
        out.mkdir(parents=True)
        for name, frame in _frames(review, fitted).items():
            frame.to_csv(out / f"{name}.csv", index=False)
        if splits is not None:
            splits.splits.to_csv(out / "node_splits.csv", index=False)
        if varied is not None:
            _marked(fitted, varied).to_csv(out / "courses_varied.csv", index=False)
        write_review(review, out / "report.html", stamp=stamp, courses=fitted, varied=varied, splits=splits)
    _print(review, fitted)
    print(f"Report: {out / 'report.html'}")


def refuse_without_sampler() -> None:
    """Refuse effects over time at once where nothing can sample them, before anything else is computed.

    Raises
    ------
    StudyError
        Saying how to do without.
    """
    if all(find_spec(name) for name in ("numpyro", "arviz", "threadpoolctl")):
        return
    hint = f"go on without effects over time: --no-courses; or {how_to_install('bayes')}"
    what = Problem("effects over time", "the sampler is not installed", "NumPyro and ArviZ", hint)
    raise StudyError("synthesise", what)


def _frames(review: Review, fitted: TimeCourseResult | None) -> dict[str, Any]:
    """Return every table of the page by the name of its file."""
    import pandas as pd

    def together(name: str) -> Any:
        parts = []
        for answer in review.answers:
            frame = getattr(answer, name)
            if len(frame):
                asked = {"outcome": answer.outcome, "month": answer.month, "scale": answer.scale}
                parts.append(pd.concat([pd.DataFrame([asked] * len(frame)).add_prefix("asked_"), frame], axis=1))
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    certainties = [
        made.domains.assign(question=made.question, grade=made.grade)
        for made in review.certainties
        if len(made.domains)
    ]
    frames = {
        "summary": review.summary(), "trials": together("studies"), "models": together("effects"),
        "sensitivity": together("sensitivity"), "left_out": together("leave_one_out"),
        "certainty": pd.concat(certainties, ignore_index=True) if certainties else pd.DataFrame(),
        "evidence_map": review.mapped, "directness": review.speaks, "risk_of_bias": review.lights,
        "network": review.network, "harms": review.harms, "estimates": review.estimates.rows,
        "shares": review.estimates.shares, "unused": review.estimates.unused, "assumed": review.estimates.assumed,
    }  # fmt: skip
    if fitted is not None:
        frames["courses"] = _marked(fitted, fitted.frame((1.0, 3.0, 6.0, 12.0, 24.0, 36.0)))
    for regression in review.regressions:
        if not regression.unanswered:
            frames[f"by_{regression.moderator}"] = regression.coefficients
    return frames


def _marked(fitted: Any, frame: Any) -> Any:
    """Mark the months that lie beyond the last at which a treatment was observed: there the course is extrapolated."""
    last = fitted.observed_months.set_index("treatment")["last"]
    return frame.assign(is_observed=frame["month"] <= [last.get(name, 0.0) + 0.5 for name in frame["treatment"]])


def _trials(n: int) -> str:
    return "one trial" if n == 1 else f"{n} trials"


def _print(review: Review, fitted: TimeCourseResult | None) -> None:
    for row in review.summary().to_dict("records"):
        asked = f"{row['outcome'].replace('_', ' ')} at {row['month']} months"
        if not row["n_trials"]:
            print(f"{asked}: no trial with numbers")
            continue
        print(
            f"{asked}: {row['estimate']:.3g} {row['scale']} ({row['low']:.3g} to {row['high']:.3g}), a new trial "
            f"{row['prediction_low']:.3g} to {row['prediction_high']:.3g}, {_trials(row['n_trials'])}, certainty "
            f"{row['certainty'].replace('_', ' ')}"
        )
    if fitted is not None:
        print(f"Effects over time: {fitted.diagnostics.headline()}")
