"""The tables of dsar, as numbered steps in plain SQL."""
