"""What people read: figures, tables, one HTML file.

Takes any record, gives figures, tables and documents. Never computes a result that a record does not hold, and is the
only room that draws.
"""

from sciatrial.report.assurance_figures import plot_assurance
from sciatrial.report.borrowing_figures import plot_control_prior, plot_drift
from sciatrial.report.borrowing_tables import borrowing_lines, drift_told, prior_told
from sciatrial.report.calibration_figures import (
    plot_cell_answers,
    plot_contraction,
    plot_effect_probabilities,
    plot_predicted,
    plot_without_trial,
    predicted_panels,
)
from sciatrial.report.calibration_page import write_calibration
from sciatrial.report.calibration_tables import answer_lines, claim_words, parameter_words, posterior_lines
from sciatrial.report.credibility_page import write_credibility
from sciatrial.report.document import write_report
from sciatrial.report.dose_figures import plot_dose_response
from sciatrial.report.dose_tables import dose_lines
from sciatrial.report.dossier import write_dossier
from sciatrial.report.effects import effect_digits, effect_told, endpoint_told
from sciatrial.report.enrichment_report import enrichment_lines
from sciatrial.report.evidence_figures import plot_courses, plot_evidence_map, plot_harms, plot_network
from sciatrial.report.family_tables import family_lines
from sciatrial.report.figures import picture_format, plot, save_picture
from sciatrial.report.forest_figure import plot_forest
from sciatrial.report.look_figures import has_interim_looks, plot_looks
from sciatrial.report.look_tables import looks_wide
from sciatrial.report.new_size_report import new_size_lines
from sciatrial.report.plan_tables import boundary_words, harm_stopping_wide, safety_wide, success_lines
from sciatrial.report.population_figures import plot_population
from sciatrial.report.population_tables import population_lines, population_table
from sciatrial.report.report_inputs import ReportInputs
from sciatrial.report.review_page import DRAWN_MONTHS, observed_only, write_review
from sciatrial.report.sensitivity_figures import (
    plot_attribution,
    plot_influence,
    plot_interactions,
    plot_modules,
    plot_shares,
)
from sciatrial.report.size_figure import plot_sizes
from sciatrial.report.synthesis_figures import plot_funnel, plot_left_out, plot_regression
from sciatrial.report.tables import compare_with_published
from sciatrial.report.validation_figures import (
    plot_coverage,
    plot_crps,
    plot_left_out_contrasts,
    plot_left_out_numbers,
    plot_quantile_histogram,
)
from sciatrial.report.validation_page import write_validation
from sciatrial.report.words import calibration_words

__all__ = [
    "DRAWN_MONTHS",
    "ReportInputs",
    "answer_lines",
    "borrowing_lines",
    "boundary_words",
    "calibration_words",
    "claim_words",
    "compare_with_published",
    "dose_lines",
    "drift_told",
    "effect_digits",
    "effect_told",
    "endpoint_told",
    "enrichment_lines",
    "family_lines",
    "harm_stopping_wide",
    "has_interim_looks",
    "looks_wide",
    "new_size_lines",
    "observed_only",
    "parameter_words",
    "picture_format",
    "plot",
    "plot_assurance",
    "plot_attribution",
    "plot_cell_answers",
    "plot_contraction",
    "plot_control_prior",
    "plot_courses",
    "plot_coverage",
    "plot_crps",
    "plot_dose_response",
    "plot_drift",
    "plot_effect_probabilities",
    "plot_evidence_map",
    "plot_forest",
    "plot_funnel",
    "plot_harms",
    "plot_influence",
    "plot_interactions",
    "plot_left_out",
    "plot_left_out_contrasts",
    "plot_left_out_numbers",
    "plot_looks",
    "plot_modules",
    "plot_network",
    "plot_population",
    "plot_predicted",
    "plot_quantile_histogram",
    "plot_regression",
    "plot_shares",
    "plot_sizes",
    "plot_without_trial",
    "population_lines",
    "population_table",
    "posterior_lines",
    "predicted_panels",
    "prior_told",
    "safety_wide",
    "save_picture",
    "success_lines",
    "write_calibration",
    "write_credibility",
    "write_dossier",
    "write_report",
    "write_review",
    "write_validation",
]
