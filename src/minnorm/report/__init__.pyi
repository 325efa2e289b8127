"""Reports of studies: tables, figures and a self-contained page."""

from .html import page_path as page_path
from .html import sections as sections
from .html import write as write
from .html import write_figures as write_figures
from .html import write_page as write_page
from .training.rows import Row as Row
from .training.rows import rows as rows
from .training.spread import Spread as Spread

__all__ = ["Row", "Spread", "page_path", "rows", "sections", "write", "write_figures", "write_page"]
