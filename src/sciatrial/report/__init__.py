"""What people read: figures, tables, one HTML file.

Takes any record, gives figures, tables and documents. Never computes a result that a record does not hold, and is the
only room that draws.
"""

from sciatrial.report.document import ReportInputs, write_report
from sciatrial.report.dossier import write_dossier
from sciatrial.report.figures import picture_format, plot, save_picture
from sciatrial.report.sensitivity_figures import (
    plot_attribution,
    plot_influence,
    plot_interactions,
    plot_modules,
    plot_shares,
)
from sciatrial.report.tables import compare_with_published

__all__ = [
    "ReportInputs",
    "compare_with_published",
    "picture_format",
    "plot",
    "plot_attribution",
    "plot_influence",
    "plot_interactions",
    "plot_modules",
    "plot_shares",
    "save_picture",
    "write_dossier",
    "write_report",
]
