"""What is done with a model once it is there: evaluate, search, examine."""
