"""What is to do, what it will cost and what it can detect, before anything runs."""
