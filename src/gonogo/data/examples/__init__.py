"""Training examples from judged data: BM25, mined negatives, batches."""
