"""A run is a folder: how it is made, opened, saved and woken."""
