"""Many trials: plan, run, resume, gather, decide."""
