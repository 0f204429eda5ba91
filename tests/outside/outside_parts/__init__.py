"""A stranger's package: a sensor, a robot, an objective and a source of goals, each in one file."""
