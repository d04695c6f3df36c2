"""Encoders of texts and scorers of pairs, saved, loaded, exported and read from elsewhere."""
