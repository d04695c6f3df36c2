"""Which rows and columns each table has, from records alone."""
