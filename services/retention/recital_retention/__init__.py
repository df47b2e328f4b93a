"""Retention: how long each thing may and must exist, and its destruction with proof."""
