"""How success is told from pictures of it, one classifier a file."""
