"""Where pretrained weights lie, and what a sentence-transformers folder says."""
