"""Vectors in files and memory: reading, comparing, holding out."""
