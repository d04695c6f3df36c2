"""What a batch teaches: tasks, their objectives and regularisers."""
