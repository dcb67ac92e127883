"""In-silico clinical trials of stem-cell therapy in sciatica, from published evidence to a trial protocol.

Takes nothing, gives the public names below, each from the front door of its room. Never computes, and loads a room
only when one of its names is asked for, so that the import itself is quick.

For research and trial planning. Stem-cell therapy is not a standard treatment for sciatica. Decisions belong with a
qualified clinician who knows the patient.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sciatrial.calibration import calibrate, reference_posterior
    from sciatrial.clinic import Protocol, sham_of
    from sciatrial.engine import Events, Rule, simulate
    from sciatrial.evidence import arm_estimates, harmonise, read_evidence, select_outcomes
    from sciatrial.exchange import adam_datasets, reference_case, to_antimony, to_sbml
    from sciatrial.foundation import SciatrialError
    from sciatrial.model import sciatica_model
    from sciatrial.parameters import Draw, Draws, Prior, draw_parameters, read_prior, reference_draw
    from sciatrial.population import Patients, cohort_named, mixed_cohort, sample_patients
    from sciatrial.report import plot, write_calibration, write_dossier, write_report, write_review
    from sciatrial.sensitivity import Setting, analyse_sensitivity
    from sciatrial.study import read_study, run_study, study_trial
    from sciatrial.synthesis import Question, certainty_of, fit_literature, review_evidence, synthesise
    from sciatrial.trial import (
        Design,
        Endpoint,
        attribute,
        expected_harms,
        make_pool,
        operating_characteristics,
        required_size,
        resampled_characteristics,
        run_trial,
        simulate_trials,
    )

__version__ = "0.1.0"

__all__ = [
    "Design",
    "Draw",
    "Draws",
    "Endpoint",
    "Events",
    "Patients",
    "Prior",
    "Protocol",
    "Question",
    "Rule",
    "SciatrialError",
    "Setting",
    "__version__",
    "adam_datasets",
    "analyse_sensitivity",
    "arm_estimates",
    "attribute",
    "calibrate",
    "certainty_of",
    "cohort_named",
    "draw_parameters",
    "expected_harms",
    "fit_literature",
    "harmonise",
    "make_pool",
    "mixed_cohort",
    "operating_characteristics",
    "plot",
    "read_evidence",
    "read_prior",
    "read_study",
    "reference_case",
    "reference_draw",
    "reference_posterior",
    "required_size",
    "resampled_characteristics",
    "review_evidence",
    "run_study",
    "run_trial",
    "sample_patients",
    "sciatica_model",
    "select_outcomes",
    "sham_of",
    "simulate",
    "simulate_trials",
    "study_trial",
    "synthesise",
    "to_antimony",
    "to_sbml",
    "write_calibration",
    "write_dossier",
    "write_report",
    "write_review",
]

# the same names by room; a house test compares the lists
_NAMES = {
    "calibration": ("calibrate", "reference_posterior"),
    "clinic": ("Protocol", "sham_of"),
    "engine": ("Events", "Rule", "simulate"),
    "evidence": ("arm_estimates", "harmonise", "read_evidence", "select_outcomes"),
    "exchange": ("adam_datasets", "reference_case", "to_antimony", "to_sbml"),
    "foundation": ("SciatrialError",),
    "model": ("sciatica_model",),
    "parameters": ("Draw", "Draws", "Prior", "draw_parameters", "read_prior", "reference_draw"),
    "population": ("Patients", "cohort_named", "mixed_cohort", "sample_patients"),
    "report": ("plot", "write_calibration", "write_dossier", "write_report", "write_review"),
    "sensitivity": ("Setting", "analyse_sensitivity"),
    "study": ("read_study", "run_study", "study_trial"),
    "synthesis": ("Question", "certainty_of", "fit_literature", "review_evidence", "synthesise"),
    "trial": (
        "Design",
        "Endpoint",
        "attribute",
        "expected_harms",
        "make_pool",
        "operating_characteristics",
        "required_size",
        "resampled_characteristics",
        "run_trial",
        "simulate_trials",
    ),
}
_ROOM_OF = {name: room for room, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'sciatrial' has no attribute {name!r}")
    return getattr(import_module(f"sciatrial.{_ROOM_OF[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__]
