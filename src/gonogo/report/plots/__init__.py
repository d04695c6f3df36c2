"""Figure families; each draws on a matplotlib Figure and computes nothing."""
