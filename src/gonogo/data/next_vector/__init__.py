"""Running text to banks of vectors, and their windows to next-vector examples."""
