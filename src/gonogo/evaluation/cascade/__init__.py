"""Retrieve, then rerank, then rerank: several stages and their costs."""
