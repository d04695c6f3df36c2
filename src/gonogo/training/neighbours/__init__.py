"""The task that distils a teacher's neighbourhoods."""
