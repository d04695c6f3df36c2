"""Projections on embeddings, and models that are nothing but a head on vectors."""
