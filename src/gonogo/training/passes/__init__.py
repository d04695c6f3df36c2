"""Forward and backward in bounded memory, dealt out to cores: GradCache, chunks, token budgets."""
