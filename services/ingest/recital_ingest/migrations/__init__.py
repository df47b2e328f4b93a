"""The tables of ingest, as numbered steps in plain SQL."""
