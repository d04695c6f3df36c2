"""What a page says in sentences and cards."""
