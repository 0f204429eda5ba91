"""How an outcome is scored, one objective a file."""
