"""Readings, one a file."""
