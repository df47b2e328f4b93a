"""Knows how long each thing may and must exist, and destroys what is due with proof."""
