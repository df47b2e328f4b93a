"""The main job, end to end: one call from its notice to its certified erasure, told step by step.

`python -m demo` tells it to a person; the system tests walk the same steps while services are killed.
"""
