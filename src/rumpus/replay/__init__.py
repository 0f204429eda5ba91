"""What the learner goes over again: windows and goals drawn from everything ever stored."""
