"""Reports: one file of tables, figures, conventions and versions, to send and print."""

from morphokeras.reports.estimator import estimator_report
from morphokeras.reports.structure import report

__all__ = ["estimator_report", "report"]
