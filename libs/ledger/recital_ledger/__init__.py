"""Merkle logs: leaves, roots, proofs, signed checkpoints."""
