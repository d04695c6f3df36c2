"""Backbones, adapters, heads and projections."""
