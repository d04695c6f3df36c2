"""Distillation of a teacher's neighbourhoods: the task and where its vectors come from."""
