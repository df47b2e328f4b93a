"""What the database of consent is made of, step by step."""
