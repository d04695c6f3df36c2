"""The loop itself: optimizer, steps, checkpoints, logs."""
