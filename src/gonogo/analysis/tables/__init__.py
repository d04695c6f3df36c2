"""The score table, its measures and its strata."""
