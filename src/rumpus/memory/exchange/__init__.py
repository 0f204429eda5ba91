"""Exchange: other people's formats, out and in."""
