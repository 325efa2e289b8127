"""The plane on the page."""
