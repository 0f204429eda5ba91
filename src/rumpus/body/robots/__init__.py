"""Robots that are made of something else, one a file."""
