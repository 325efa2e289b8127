"""The page itself: server, state, theme, controls."""
