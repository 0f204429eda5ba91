"""What is shown to people: pages, sheets of pictures, film strips."""
