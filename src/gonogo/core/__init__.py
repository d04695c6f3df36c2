"""Ids, seeds, files, errors: what every floor may use and nothing about retrieval."""
