"""Worlds to play in, one a file; the file name is the name."""
