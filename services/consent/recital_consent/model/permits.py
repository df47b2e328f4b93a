"""Permits: signed authority to take in one call's audio, and what its sender says of that audio."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

PurposeSpans = Mapping[str, tuple[tuple[int, int], ...]]
"""Per purpose key, half-open spans in whole milliseconds since the permit's answer."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the file: when it starts in the call, where in the file, how long (milliseconds)."""

    starts_at: datetime
    offset_ms: int
    duration_ms: int

    @property
    def ends_at(self) -> datetime:
        """When it ends in the call."""
        return self.starts_at + timedelta(milliseconds=self.duration_ms)


@dataclass(frozen=True, slots=True)
class Channel:
    """One voice: the channel of the file that carries it, and whose it is."""

    channel: int
    party: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio:
    """What the sender says of the audio: the recorder's times or its segments, and the channel map.

    recorded_by: the party who made the recording and gave it to the tenant (R06), None where the tenant made it.
    """

    started_at: datetime | None
    ended_at: datetime | None
    segments: tuple[Segment, ...] | None
    channels: tuple[Channel, ...]
    recorded_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A permit as it is kept. spans: those that remain; claims: what was signed, None once the call is erased.

    suspended_at: since when something about its call waits for a decision, None where nothing does.
    """

    id: UUID
    call: UUID
    issued_at: datetime
    expires_at: datetime
    final: bool
    answered_at: datetime
    spans: PurposeSpans
    claims: Mapping[str, Any] | None
    revoked_at: datetime | None = None
    suspended_at: datetime | None = None
    reason: str | None = None


def listed(spans: PurposeSpans) -> list[dict[str, Any]]:
    """Return spans as they go out: once per distinct set of purposes, in a stable order."""
    groups: dict[tuple[tuple[int, int], ...], list[str]] = {}
    for key in sorted(spans):
        if spans[key]:
            groups.setdefault(spans[key], []).append(key)
    return [{"purposes": keys, "spans": [list(span) for span in pieces]} for pieces, keys in groups.items()]


def unlisted(groups: Sequence[Mapping[str, Any]]) -> PurposeSpans:
    """Return spans per purpose key from what `listed` made."""
    return {key: tuple((span[0], span[1]) for span in group["spans"]) for group in groups for key in group["purposes"]}
