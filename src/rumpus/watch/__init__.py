"""What people watch a robot by in a browser."""
