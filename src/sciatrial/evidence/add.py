"""Evidence and a checked addition → new evidence. Nothing is written; see `write.py`."""

from __future__ import annotations

from sciatrial.evidence.form import Addition, clashes
from sciatrial.evidence.published import Evidence
from sciatrial.evidence.suspicions import joined
from sciatrial.foundation import EvidenceError, Problem


def add_study(evidence: Evidence, addition: Addition) -> Evidence:
    """Return the evidence with the rows of a form below its own.

    Parameters
    ----------
    evidence
        Checked tables; they are not changed.
    addition
        What `read_form` returned.

    Returns
    -------
    Evidence
        New tables, the added rows last.

    Raises
    ------
    EvidenceError
        When the form still says ``confirmed = false``; when a row repeats one of `evidence` or points at a study or
        arm that is in neither.
    """
    if not addition.is_confirmed:
        raise EvidenceError(
            addition.source,
            Problem(
                "confirmed",
                "is false",
                "true, set by a person who has read every cell",
                "compare each cell with the source, delete the '# confirm:' marks, then write confirmed = true",
            ),
        )
    problems = clashes(evidence, addition.rows)
    if problems:
        raise EvidenceError(addition.source, problems)
    return joined(evidence, addition.frames)
