"""Models and rankings to per-query scores."""
