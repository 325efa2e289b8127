"""The line on the page."""
