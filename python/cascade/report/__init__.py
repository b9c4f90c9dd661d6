"""One self-contained page and the charts of a run, drawn from its tables, summary and manifest alone."""

from cascade.report.run.page import build_report
from cascade.report.run.pictures import save_charts

__all__ = ["build_report", "save_charts"]
