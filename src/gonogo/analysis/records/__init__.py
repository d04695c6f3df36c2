"""What a decision writes down: verdict, evidence, rows of runs."""
