"""What services tell each other: the event catalogue."""
