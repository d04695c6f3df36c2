"""Pure functions of embeddings, scores and labels; they never see a model."""
