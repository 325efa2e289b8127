"""Blocks that tests do not run say why; readers see the reason alone."""

import re
from typing import Any

from blocks import NOT_RUN

_TITLE = re.compile(rf'^(```\w+ title="){NOT_RUN}(\w)', re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page with these titles as sentences."""
    return _TITLE.sub(lambda found: found[1] + found[2].upper(), markdown)
