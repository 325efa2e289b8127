"""The page of an atlas: where each optimiser goes."""
