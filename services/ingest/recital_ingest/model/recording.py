"""A recording as it is kept: its sound, its tracks with their keys, the voices in it, and where it lies in the call."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from recital_ingest.model.container import Container
from recital_ingest.model.permit import Party, PurposeVersion, Stretch
from recital_ingest.model.resumable import Part
from recital_ingest.model.sound import Sound
from recital_ingest.model.spans import PurposeSpans, Spans


class State(StrEnum):
    """What has become of a recording. From `erasing` on nobody hears it."""

    STORED = "stored"
    ERASING = "erasing"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Track:
    """One channel's audio: one sealed object, one key. Sizes in bytes, of the plain samples and of the object."""

    track: int
    object: UUID
    key: UUID
    size: int
    sealed_size: int
    sha256: bytes
    sealed_sha256: bytes


@dataclass(frozen=True, slots=True)
class Original:
    """What stood around the samples of a recording without masks, sealed under a key of its own."""

    key: UUID
    sealed: bytes


Replaced: TypeAlias = tuple[tuple[UUID, ...], tuple[UUID, ...]]


@dataclass(frozen=True, slots=True)
class Recording:
    """The audio of one call under one permit. `frames` is what is kept, `keep` the frames of it that are not silent.

    `original` is there when nothing was silenced or cut: then the file that was received can be given back, byte for
    byte.
    """

    id: UUID
    call: UUID
    permit: UUID
    state: State
    stored_at: datetime
    answered_at: datetime
    call_ended_at: datetime
    received_size: int
    received_sha256: bytes
    received_sha512: bytes
    sound: Sound
    frames: int
    frames_received: int
    keep: Spans
    stretches: tuple[Stretch, ...]
    growth_ms: int
    spans: PurposeSpans
    purposes: tuple[PurposeVersion, ...]
    parties: tuple[Party, ...]
    tracks: tuple[Track, ...]
    original: Original | None
    timeline_version: int
    ledger_entry: UUID
    confirmed_at: datetime | None = None
    """When it was first read back whole, since it was stored or found damaged."""
    damaged_at: datetime | None = None
    container: Container | None = None
    """What the one track is, bit for bit; None where the tracks are samples, one channel each."""
    replaced: Replaced = ((), ())
    """Objects and keys that it lay in before its audio was sent again, long gone."""
    parts: tuple[Part, ...] = ()
    """What the received hashes are over, where the file came in pieces and was silenced before its whole was there."""

    @property
    def keys(self) -> tuple[UUID, ...]:
        """Every key whose destruction makes the recording unreadable."""
        return (*(track.key for track in self.tracks), *((self.original.key,) if self.original else ()))

    def carries(self, subjects: frozenset[UUID]) -> bool:
        """Whether one of the subjects took part."""
        return any(party.subject in subjects for party in self.parties if party.subject is not None)


@dataclass(frozen=True, slots=True)
class Skeleton:
    """What is left of an erased recording: nobody in it, nothing of the audio."""

    id: UUID
    call: UUID
    permit: UUID
    stored_at: datetime
    erased_at: datetime
    ledger_entry: UUID


def party_mark(call: UUID, party: str) -> bytes:
    """Return what a tombstone keeps of a party: equal for the same label in the same call, and nothing else."""
    return hashlib.sha256(call.bytes + party.encode()).digest()
