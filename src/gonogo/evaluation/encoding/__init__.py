"""Texts to vectors, kept under a name that says everything that made them."""
