"""From estimates to a word: one file a gate kind, and how it is said."""
