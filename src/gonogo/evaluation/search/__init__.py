"""Exact and approximate search of a bank of vectors."""
