"""Sealed objects and the keys that open them."""
