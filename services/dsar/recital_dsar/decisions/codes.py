"""The one-time code that an officer hands over: how it is spelled, and whether one that is shown opens the request.

Whoever asks learns nothing from a refusal: unknown request, wrong, used and locked codes are all refused alike.
"""

import hashlib
import hmac
from dataclasses import dataclass
from uuid import UUID

from recital_dsar.model import CodeFacts

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 16
GROUP = 4
RANDOM_BYTES = 10
MOST_TRIES = 5
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def spell(random: bytes) -> str:
    """Spell 10 random bytes as a code of 16 characters in groups of four, without letters that are misread."""
    number = int.from_bytes(random[:RANDOM_BYTES])
    letters = [ALPHABET[number >> 5 * place & 31] for place in range(LENGTH)]
    return "-".join("".join(letters[start : start + GROUP]) for start in range(0, LENGTH, GROUP))


def digest(request: UUID, code: str) -> bytes:
    """Return what is stored of a code, which has 80 random bits: a hash bound to its request.

    Case, dashes, spaces and the letters O, I and L for digits make no difference.
    """
    return hashlib.sha256(request.bytes + code.upper().translate(_MISREAD).encode()).digest()


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one try does: whether it opens the request, and how many tries have failed after it."""

    opens: bool
    tries: int
    locks: bool


def attempt(facts: CodeFacts, shown: bytes) -> Attempt:
    """Judge one try with the digest of what was shown: five wrong ones lock the code until an officer makes another."""
    same = hmac.compare_digest(facts.digest or bytes(32), shown)
    if facts.digest is None or facts.tries >= MOST_TRIES:
        return Attempt(opens=False, tries=facts.tries, locks=False)
    if same:
        return Attempt(opens=True, tries=facts.tries, locks=False)
    return Attempt(opens=False, tries=facts.tries + 1, locks=facts.tries + 1 == MOST_TRIES)
