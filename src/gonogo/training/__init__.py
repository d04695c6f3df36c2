"""The loop that trains, and everything it remembers."""
