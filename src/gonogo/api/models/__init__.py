"""Models to encode, score and rerank with, and their evaluation on any set."""
