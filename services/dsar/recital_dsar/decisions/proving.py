"""What proves who asks, beside papers that an officer has seen: a code sent to a channel already known, or a call fact.

To call from a number, or to name one, proves nothing. Every refusal looks alike.
"""

import hashlib
import hmac
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from recital_errors import Reason

from recital_dsar.decisions.states import AWAITS_PROOF
from recital_dsar.model import State

MOST_TRIES = 5
MOST_SENT = 5
LIFETIME = timedelta(minutes=30)
DIGITS = 8


class Way(StrEnum):
    """The channel a code goes to: one of the identifiers the person gave, which must be known already."""

    EMAIL = "email"
    NUMBER = "number"


class Proof(StrEnum):
    """How it was proved who asks."""

    DOCUMENTS = "documents"
    CODE = "code"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class Challenge:
    """What is stored of proving: how often a code was sent and how often a wrong answer came."""

    way: Way
    sent: int
    tries: int
    digest: bytes | None
    expires_at: datetime | None


def may_ask(state: State, challenge: Challenge | None) -> Reason | None:
    """Return why no code is sent (again), or None."""
    if state not in AWAITS_PROOF:
        return Reason("request_state")
    if challenge is not None and challenge.tries >= MOST_TRIES:
        return Reason("proof_locked")
    if challenge is not None and challenge.sent >= MOST_SENT:
        return Reason("codes_sent")
    return None


def proves(found: Collection[UUID], subjects: Collection[UUID] | None) -> bool:
    """Whether one channel or call stands for everyone a request is about.

    Who controls one address proves nothing about another person whose number is named beside it.
    """
    return bool(found) and subjects is not None and set(found) == set(subjects)


def spell(random: bytes) -> str:
    """Spell random bytes as a code of eight digits; 8 bytes leave no digit likelier than another that matters."""
    return f"{int.from_bytes(random) % 10**DIGITS:0{DIGITS}}"


def digest(request: UUID, code: str) -> bytes:
    """Return what is stored of a code: a slow hash bound to its request, since eight digits are soon tried through."""
    plain = "".join(each for each in code if each.isdecimal() and each.isascii())
    return hashlib.pbkdf2_hmac("sha256", plain.encode(), request.bytes, 100_000)


def answers(challenge: Challenge | None, shown: bytes, now: datetime) -> bool:
    """Whether a code opens: the right one, in its time, with tries left."""
    held = (challenge and challenge.digest) or bytes(32)
    same = hmac.compare_digest(held, shown)
    return (
        challenge is not None
        and challenge.digest is not None
        and challenge.tries < MOST_TRIES
        and challenge.expires_at is not None
        and now < challenge.expires_at
        and same
    )
