"""Scores or rankings in any form, a gate, and the verdict as an object."""
