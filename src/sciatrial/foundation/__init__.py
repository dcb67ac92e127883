"""Words that every room shares: errors, words, units, records, random streams, progress.

Takes nothing, gives vocabulary and plain mechanics, never knows of studies, patients or models.
"""

from sciatrial.foundation.errors import (
    CalibrationError,
    CohortError,
    EvidenceError,
    ModelError,
    Problem,
    SciatrialError,
    SolverError,
    StudyError,
    TrialError,
    nearest,
    unknown_word,
)
from sciatrial.foundation.progress import Progress, SilentProgress, silent
from sciatrial.foundation.records import Record, fingerprint, read_frame
from sciatrial.foundation.streams import derived_seed, normals, uniforms
from sciatrial.foundation.units import DAYS_PER_MONTH, DAYS_PER_YEAR, WEEKS_PER_MONTH, unit_registry
from sciatrial.foundation.words import (
    BiasDomain,
    BiasTool,
    Blinding,
    Carrier,
    Cause,
    CellType,
    Condition,
    Confidence,
    Donor,
    DoseBasis,
    FactTopic,
    FigureFrom,
    Funding,
    Intervention,
    Judgement,
    Outcome,
    Role,
    Route,
    SafetyEvent,
    Score,
    SourceKind,
    SpreadKind,
    Statistic,
    StudyDesign,
)

__all__ = [
    "DAYS_PER_MONTH", "DAYS_PER_YEAR", "WEEKS_PER_MONTH", "BiasDomain", "BiasTool", "Blinding", "CalibrationError",
    "Carrier", "Cause", "CellType", "CohortError", "Condition", "Confidence", "Donor", "DoseBasis", "EvidenceError",
    "FactTopic", "FigureFrom", "Funding", "Intervention", "Judgement", "ModelError", "Outcome", "Problem", "Progress",
    "Record", "Role", "Route", "SafetyEvent", "SciatrialError", "Score", "SilentProgress", "SolverError", "SourceKind",
    "SpreadKind", "Statistic", "StudyDesign", "StudyError", "TrialError", "derived_seed", "fingerprint", "nearest",
    "normals", "read_frame", "silent", "uniforms", "unit_registry", "unknown_word",
]
