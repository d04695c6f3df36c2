"""The task that predicts the next vector, with negatives mined along the way."""
