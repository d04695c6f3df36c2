"""Reading and finding what people hand in: lines, folders, manifests, TREC files, score tables."""
