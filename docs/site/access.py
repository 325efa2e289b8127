"""What the theme leaves out for screen readers: the search has a name, and corners of tables are no headings."""

from typing import Any

_SEARCH = 'data-md-component="search" role="dialog"'


def on_post_page(output: str, **_: Any) -> str:
    """The page with both."""
    named = output.replace(_SEARCH, f'{_SEARCH} aria-label="Search"')
    return named.replace("<th></th>", "<td></td>")
