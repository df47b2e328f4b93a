"""What consent can do: load facts, ask a decision, save and announce in one transaction."""
