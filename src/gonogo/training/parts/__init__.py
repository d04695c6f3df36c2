"""What every task and the loop share: streams, schedules, memory, determinism."""
