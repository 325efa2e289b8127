"""Which atoms to add: oracles, what calls them, and what they found."""
