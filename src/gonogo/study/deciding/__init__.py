"""From scores to a verdict, and to what else is judged from files."""
