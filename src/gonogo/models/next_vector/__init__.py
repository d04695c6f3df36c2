"""Query towers over sequences of vectors: the readers of a context, one file each."""
