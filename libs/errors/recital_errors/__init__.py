"""What can go wrong, as a few typed errors and reasons."""
