"""Scores of next-vector retrieval, its heuristics and its mining while training."""
