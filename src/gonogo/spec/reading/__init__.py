"""From YAML and ``--set`` to checked values; errors that name file, place, value and way out."""
