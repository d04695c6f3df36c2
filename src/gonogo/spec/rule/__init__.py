"""What decides: gates, levels of success, and how runs are summarised."""
