"""Room: reporting. What people read: one page, and tables for other programs."""

from svp_nlp.reporting.data import ReportData

__all__ = ["ReportData"]
