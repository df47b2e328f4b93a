"""Takes audio in under a permit and gives it out under a grant."""
