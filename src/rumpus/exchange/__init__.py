"""Memories leave for, and come from, the formats that other people's programs read."""
