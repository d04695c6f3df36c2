"""What is scored, on which texts, and against which untrained reference rows."""
