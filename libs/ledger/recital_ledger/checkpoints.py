"""Checkpoints: signed heads of a log (C2SP tlog-checkpoint), with the time of signing as the one extension line.

That a log is never signed in two versions of one size is kept by who sequences it, not here.
"""

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from recital_errors import Malformed

from recital_ledger.entries import instant, read_instant
from recital_ledger.hashing import HASH_SIZE
from recital_ledger.notes import TrustedKeys, open_note, sign_note

__all__ = ["Checkpoint", "read_checkpoint", "sign_checkpoint"]

_ORIGIN = re.compile(r"[^\x00-\x1f]+")
_LARGEST_SIZE = 2**63 - 1
_TEXT = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\nat ([^\n]+)\n")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: which log (`origin`), how many entries, their root, and when it was signed.

    Raises ValueError for a head that no log can have.
    """

    origin: str
    size: int
    root: bytes
    at: datetime

    def __post_init__(self) -> None:
        """An origin is one line; a root has 32 bytes; an instant has a time zone."""
        whole = _ORIGIN.fullmatch(self.origin) is not None and len(self.root) == HASH_SIZE
        if not whole or not 0 <= self.size <= _LARGEST_SIZE or self.at.tzinfo is None:
            raise ValueError(f"not the head of a log: {self.origin!r}")

    def text(self) -> str:
        """The note's text: origin, size, root in base64, time."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\nat {instant(self.at)}\n"


def sign_checkpoint(checkpoint: Checkpoint, key: Ed25519PrivateKey, name: str) -> str:
    """The checkpoint as a signed note. The key's name should be the origin, or at least say whose key it is."""
    return sign_note(checkpoint.text(), key, name)


def read_checkpoint(text: str, keys: TrustedKeys) -> Checkpoint:
    """The checkpoint that one of the keys signed under its name.

    Raises Malformed `note_malformed` or `checkpoint_malformed`, Forbidden `note_forged` or `note_not_signed`. Whether
    it is the log you meant, ask its `origin`.
    """
    signed = open_note(text, keys)
    match = _TEXT.fullmatch(signed)
    try:
        found = match and Checkpoint(match[1], int(match[2]), b64decode(match[3]), read_instant(match[4]))
    except ValueError:
        found = None
    # Compared as a whole, so that nothing has a second spelling.
    if found is None or found.text() != signed:
        raise Malformed("checkpoint_malformed", "This signed note is not a checkpoint.")
    return found
