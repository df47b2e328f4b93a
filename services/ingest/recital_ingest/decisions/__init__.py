"""Pure verdicts of ingest: facts and `now` in, a value or a refusal with reasons out."""
