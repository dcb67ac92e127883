"""What people read: figures, tables, one HTML file.

Takes any record, gives figures, tables and documents. Never computes a result that a record does not hold, and is the
only room that draws.
"""

from sciatrial.report.document import ReportInputs, write_report
from sciatrial.report.figures import plot
from sciatrial.report.tables import compare_with_published

__all__ = ["ReportInputs", "compare_with_published", "plot", "write_report"]
