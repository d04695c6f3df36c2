"""What looks while training and may say stop: validation, margins, gates, gradient conflict."""
