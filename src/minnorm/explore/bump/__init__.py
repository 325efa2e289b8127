"""The radial bump on the page."""
