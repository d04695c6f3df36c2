"""From YAML and overrides to checked values; errors that name file, place, value and way out."""
