"""A study from its name, file or dict: plan, run, status, result, trials."""
