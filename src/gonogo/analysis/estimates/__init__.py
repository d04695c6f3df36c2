"""Effects with their intervals, tests and looks, from score tables."""
