"""LeRobot datasets: a memory becomes one, and one becomes a memory.

LeRobot itself is not needed and never imported; its dataset format v3.0 is spoken here. What that
format cannot hold is told in sentences. Needs the extra `exchange` (pyarrow, and av for films):
without, importing this is a ModuleNotFoundError.
"""
