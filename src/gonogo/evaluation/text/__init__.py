"""Retrieval and reranking of texts, as per-query measures."""
