"""The atlas on the page."""
