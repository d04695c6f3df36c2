"""From a score table and a gate to the whole record."""
