"""The spec told to others: JSON schema, and the page of every key."""
