"""Where goals come from, one source a file."""
