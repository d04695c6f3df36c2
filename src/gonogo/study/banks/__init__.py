"""Text to banks of vectors, and what is checked before a tower is trained on them."""
