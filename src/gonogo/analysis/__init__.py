"""Scores to verdicts: numpy and scipy, never torch."""
