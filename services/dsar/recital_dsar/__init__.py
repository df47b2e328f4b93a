"""Answers a person who asks, before the statutory deadline."""
