"""Textbook methods, one paper each: variance components, bootstrap, permutation, ASO, power."""
