"""Which scores a study promised, and which are missing."""
