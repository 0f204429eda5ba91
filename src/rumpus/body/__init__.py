"""The robot: what it senses, how it moves, where it is stopped."""
