"""What ingest can do: load facts, ask a decision, save and announce."""
