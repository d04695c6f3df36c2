"""Reference rows of distillation: linear maps fitted to the teacher's vectors."""
