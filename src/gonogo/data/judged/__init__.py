"""Corpora with queries and judgements, in one shape; BEIR folders; triplets."""
