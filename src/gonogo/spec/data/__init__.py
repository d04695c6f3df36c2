"""Sources of texts, judgements and vectors, as a study file names them."""
