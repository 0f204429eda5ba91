"""Planners: from how futures look and score to what to do next; they know no model."""
