"""Merkle logs anyone can check: leaves without personal data, roots, proofs, signed checkpoints.

Pure: stores nothing, and reads no clock.
"""

from recital_ledger.checkpoints import Checkpoint, read_checkpoint, sign_checkpoint
from recital_ledger.entries import SALT_SIZE, Entry, Json, canonical, commitment, instant, leaf_data, read_instant
from recital_ledger.hashing import (
    EMPTY_ROOT,
    HASH_SIZE,
    Coordinate,
    Frontier,
    Node,
    NodeReader,
    frontier_nodes,
    leaf_hash,
    node_hash,
    root_of,
)
from recital_ledger.notes import TrustedKeys, verifier_key
from recital_ledger.proofs import consistency_nodes, consistency_proof, inclusion_nodes, inclusion_proof
from recital_ledger.verification import verify_consistency, verify_inclusion

__all__ = [
    "EMPTY_ROOT",
    "HASH_SIZE",
    "SALT_SIZE",
    "Checkpoint",
    "Coordinate",
    "Entry",
    "Frontier",
    "Json",
    "Node",
    "NodeReader",
    "TrustedKeys",
    "canonical",
    "commitment",
    "consistency_nodes",
    "consistency_proof",
    "frontier_nodes",
    "inclusion_nodes",
    "inclusion_proof",
    "instant",
    "leaf_data",
    "leaf_hash",
    "node_hash",
    "read_checkpoint",
    "read_instant",
    "root_of",
    "sign_checkpoint",
    "verifier_key",
    "verify_consistency",
    "verify_inclusion",
]
