"""What is checked in banks and pairs before a tower is trained on them."""
