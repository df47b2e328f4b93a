"""The tables of retention, as plain SQL."""
