"""Runs as tables: their numbers, values, lines and curves."""
