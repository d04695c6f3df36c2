"""The tasks over texts: retrieval, relevance, and their regularisation."""
