"""Ingest in one process on real servers."""
