"""What is written to a person, when it counts as an answer, and where a complaint goes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class LetterKind(StrEnum):
    """The letters there are."""

    CONFIRMATION = "confirmation"
    IDENTITY = "identity"
    CODE = "code"
    EXTENSION = "extension"
    DELAY = "delay"
    DELIVERY = "delivery"
    DECISION = "decision"
    REFUSAL = "refusal"
    CERTIFICATE = "certificate"
    RESTRICTION_LIFTED = "restriction_lifted"


class LetterState(StrEnum):
    """How far a letter is: on its way, out, refused by the receiver's server, or come back."""

    WAITING = "waiting"
    SENT = "sent"
    BOUNCED = "bounced"
    RETURNED = "returned"


class Channel(StrEnum):
    """How a letter goes: by mail or text message at once; by post or by hand when an officer says so."""

    EMAIL = "email"
    TEXT = "text"
    LETTER = "letter"
    OFFICER = "officer"


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as stored, without what it says."""

    id: UUID
    request: UUID
    kind: LetterKind
    language: str
    channel: Channel
    state: LetterState
    written_at: datetime
    sent_at: datetime | None
    trouble: str | None


ANSWERS = frozenset({LetterKind.DELIVERY, LetterKind.DECISION, LetterKind.REFUSAL})
"""The letters that answer a request: once one is out, the period is kept or missed."""
CARRIED = frozenset({Channel.EMAIL, Channel.TEXT})
"""The channels that need no officer."""
SECRET = frozenset({LetterKind.CODE, LetterKind.DELIVERY})
"""The letters that may hold a code, which is blanked once they are out."""

LONGEST_ADDRESS = 254
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")

AUTHORITIES: Mapping[str, tuple[str, str]] = {
    "NL": ("Autoriteit Persoonsgegevens", "https://autoriteitpersoonsgegevens.nl"),
    "BE": ("Gegevensbeschermingsautoriteit", "https://www.gegevensbeschermingsautoriteit.be"),
    "DE": (
        "Bundesbeauftragte für den Datenschutz und die Informationsfreiheit",
        "https://www.bfdi.bund.de",
    ),
}
_ELSEWHERE = ("", "https://www.edpb.europa.eu/about-edpb/about-edpb/members_en")


def authority(country: str) -> tuple[str, str]:
    """Return name and address of the supervisory authority of a country (AVG art. 77); no name where we list none."""
    return AUTHORITIES.get(country, _ELSEWHERE)


def is_waiting_for_hands(letter: Letter) -> bool:
    """Whether an officer must post or hand over a letter, also one that did not arrive.

    Who comes to an officer hears there that the request was received; that needs no paper.
    """
    if letter.state in (LetterState.BOUNCED, LetterState.RETURNED):
        return True
    if letter.state is not LetterState.WAITING or letter.channel in CARRIED:
        return False
    return letter.channel is Channel.LETTER or letter.kind is not LetterKind.CONFIRMATION


def is_mail_address(text: str | None) -> bool:
    """Whether a text can be the address of one mailbox: nothing in it can begin another header or address."""
    return text is not None and len(text) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None
