"""How much of a teacher's neighbourhoods a student keeps."""
