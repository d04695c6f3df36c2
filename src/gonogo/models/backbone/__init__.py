"""Pretrained encoders and decoders, loaded and packed."""
