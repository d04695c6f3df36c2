"""Hard negatives for vectors, by windows of similarity or rank."""
