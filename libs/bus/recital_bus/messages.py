"""What goes over the bus, and what becomes of what came."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

ID_HEADER = "Nats-Msg-Id"


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `id` is the event's: the server drops a second one with the same id within two minutes.

    `delivery` counts how often it has come, from 1; it says nothing for one that is sent.
    """

    subject: str
    id: str
    payload: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    delivery: int = 1


class Outcome(Enum):
    """What a handler says of a message, and what the bus is told."""

    DONE = auto()
    """Its effect is committed, or a row that waits, or a dead letter: never again."""
    RETRY = auto()
    """It could not be handled now: again, later each time."""
    DEAD = auto()
    """It lies in the dead letters: never again, and the server knows that it was given up."""
