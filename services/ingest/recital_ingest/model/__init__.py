"""The nouns of ingest: sound and its WAV form, spans of time, permits, recordings, grants. Nothing here does I/O."""
