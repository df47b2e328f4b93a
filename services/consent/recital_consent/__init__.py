"""Decides whether a call may be recorded, and can show later why."""
