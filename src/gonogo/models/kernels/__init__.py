"""Layers of a pass, faster than the originals and equal to them: attention, norms, dropout."""
