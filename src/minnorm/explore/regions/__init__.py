"""Known regions on the page."""
