"""What the robot learns of its world: encoder, dynamics, distances, policy, density."""
