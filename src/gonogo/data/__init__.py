"""Texts, judgements, negatives and batches; no torch on this floor."""
