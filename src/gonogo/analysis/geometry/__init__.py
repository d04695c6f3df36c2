"""How embeddings lie in their space: isotropy, spectra, kernel alignment, subspaces."""
