"""Processes that run beside the robot."""
