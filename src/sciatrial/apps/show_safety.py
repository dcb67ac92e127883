"""What `sciatrial show safety STUDY` tells: patients and follow-up for harms, and the boundary at which harm stops."""

from __future__ import annotations

from pathlib import Path

from sciatrial.apps.shown import Shown

TOPIC = "safety"


def show_safety(study: Path) -> Shown:
    """Return how many patients show each harm or exclude its rate, and what the study's boundary for harm does.

    Parameters
    ----------
    study
        A study file.

    Raises
    ------
    StudyError
        With every problem of the file.
    """
    from sciatrial.evidence import read_evidence
    from sciatrial.parameters import read_prior, reference_draw
    from sciatrial.report import boundary_words, harm_stopping_wide, safety_wide
    from sciatrial.study import read_study
    from sciatrial.trial import Safety, boundary_of, harm_stopping_table, safety_sizes

    read = read_study(study)
    tables = read.settings.evidence.tables
    evidence = read_evidence(None if tables == "shipped" else read.folder / tables)
    frame = safety_sizes(read.design, evidence, reference_draw(read_prior()).one(0))
    confidence = (read.design.safety or Safety()).confidence
    lines = [
        f"Confidence {100 * confidence:g} %, one-sided, exact. As many patients without an event exclude the rate as "
        "are needed to see one. A harm without a published count has no row; that does not make it absent."
    ]
    boundary = boundary_of(read.design)
    if boundary is not None:
        lines.append(boundary_words(read.resolved, boundary.patients, boundary.fewest_events))
        stopping = harm_stopping_wide(harm_stopping_table(read.design))
        lines += [", ".join(f"{name} {told}" for name, told in row.items()) for row in stopping.to_dict("records")]
    title = f"Patients and follow-up for harms of {read.name}"
    return Shown(title, frame, "\n".join(lines), safety_wide(frame))
