"""What no single block can know: whether the parts of a study fit together."""
