"""Banks and towers of next-vector studies: made, checked, searched and examined."""
