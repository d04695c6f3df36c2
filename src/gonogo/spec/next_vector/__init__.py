"""Next-vector retrieval: the query tower, its task and its curriculum of negatives."""
