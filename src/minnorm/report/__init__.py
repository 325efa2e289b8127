"""Reports of studies: tables, figures and a self-contained page."""

from minnorm.report.html import page_path as page_path
from minnorm.report.html import sections as sections
from minnorm.report.html import write as write
from minnorm.report.html import write_figures as write_figures
from minnorm.report.html import write_page as write_page
from minnorm.report.training.rows import Row as Row
from minnorm.report.training.rows import Spread as Spread
from minnorm.report.training.rows import rows as rows

__all__ = ["Row", "Spread", "page_path", "rows", "sections", "write", "write_figures", "write_page"]
