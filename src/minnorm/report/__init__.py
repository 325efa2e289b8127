"""Reports of studies: tables, figures and a self-contained page."""

from minnorm.report.html import write as write
from minnorm.report.tables import Row as Row
from minnorm.report.tables import Spread as Spread
from minnorm.report.tables import rows as rows

__all__ = ["Row", "Spread", "rows", "write"]
