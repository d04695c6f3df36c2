"""Backbones, adapters, and the encoders and rerankers made from them."""
