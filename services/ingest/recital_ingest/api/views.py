"""What recordings, masks and grants look like on the wire."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from recital_runtime import Instant, Model

from recital_ingest.model.listening import Grant
from recital_ingest.model.recording import Recording, Skeleton
from recital_ingest.model.spans import Spans, apart, gaps


class PartyView(Model):
    """A party of the call, and the channel of the file that carries the voice.

    `recorded`: this party made the recording and gave it to the tenant (R06).
    """

    party: str
    kind: str
    subject: UUID | None
    channel: int
    recorded: bool


class TrackView(Model):
    """One channel's audio as it is kept, or all channels' in the file that was sent (`channel` null).

    The hash is of its samples, or of that file.
    """

    track: int
    channel: int | None
    parties: Sequence[str]
    size: int
    sha256: str


class SpansView(Model):
    """What may be kept, for a set of purposes: milliseconds since the call was answered."""

    purposes: Sequence[str]
    spans: Spans


class FormatView(Model):
    """What the samples are."""

    encoding: str
    channels: int
    rate: int
    container: str | None
    """What the kept file is, where it is kept as it came: ogg, mp3, flac, m4a, aac, wav."""


class PartView(Model):
    """A part of the file as it was received, in bytes and what they hash to."""

    size: int
    sha256: str
    sha512: str


class RecordingView(Model):
    """A recording. `masks` are the milliseconds of the received file that were silenced, or cut off at its end."""

    id: UUID
    call: UUID
    permit: UUID
    state: Literal["stored", "erasing"]
    stored_at: Instant
    answered_at: Instant
    call_ended_at: Instant
    received_sha256: str
    received_sha512: str
    received_parts: Sequence[PartView]
    """Where there are any, the received hashes are over the hashes of these, in order, each as bytes."""
    size: int
    duration_ms: int
    format: FormatView
    tracks: Sequence[TrackView]
    parties: Sequence[PartyView]
    purposes: Sequence[str]
    spans: Sequence[SpansView]
    masks: Spans
    unmasked: bool
    ledger_entry: UUID
    confirmed_at: Instant | None
    """When it was first read back whole: from then on the sender may delete its own copy."""
    damaged_at: Instant | None
    """When it was found damaged: it may be sent again under the same permit."""


class ErasedView(Model):
    """What is left of an erased recording."""

    id: UUID
    call: UUID
    permit: UUID
    state: Literal["erased"]
    stored_at: Instant
    erased_at: Instant
    ledger_entry: UUID


class GrantView(Model):
    """Leave to listen."""

    id: UUID
    recording: UUID
    purpose: str
    expires_at: Instant


def recording_view(recording: Recording) -> RecordingView:
    """Return a recording for the wire."""
    sound = recording.sound
    return RecordingView(
        id=recording.id,
        call=recording.call,
        permit=recording.permit,
        state="erasing" if recording.state.value == "erasing" else "stored",
        stored_at=recording.stored_at,
        answered_at=recording.answered_at,
        call_ended_at=recording.call_ended_at,
        received_sha256=recording.received_sha256.hex(),
        received_sha512=recording.received_sha512.hex(),
        received_parts=[
            PartView(size=each.size, sha256=each.sha256.hex(), sha512=each.sha512.hex()) for each in recording.parts
        ],
        size=recording.received_size,
        duration_ms=recording.frames * 1000 // sound.rate,
        format=_format(recording),
        tracks=[_track(recording, track) for track in range(len(recording.tracks))],
        parties=[
            PartyView(
                party=each.party,
                kind=each.kind,
                subject=each.subject,
                channel=each.channel,
                recorded=each.recorded,
            )
            for each in recording.parties
        ],
        purposes=[each.key for each in recording.purposes],
        spans=[SpansView(purposes=names, spans=spans) for names, spans in apart(recording.spans)],
        masks=_masks(recording),
        unmasked=not _masks(recording),
        ledger_entry=recording.ledger_entry,
        confirmed_at=recording.confirmed_at,
        damaged_at=recording.damaged_at,
    )


def listed_view(recording: Recording | Skeleton) -> RecordingView | ErasedView:
    """Return a recording, or what is left of one, for a list."""
    if isinstance(recording, Recording):
        return recording_view(recording)
    return ErasedView(
        id=recording.id,
        call=recording.call,
        permit=recording.permit,
        state="erased",
        stored_at=recording.stored_at,
        erased_at=recording.erased_at,
        ledger_entry=recording.ledger_entry,
    )


def grant_view(grant: Grant) -> GrantView:
    """Return a grant for the wire."""
    return GrantView(id=grant.id, recording=grant.recording, purpose=grant.purpose, expires_at=grant.expires_at)


def _format(recording: Recording) -> FormatView:
    sound, container = recording.sound, recording.container
    kept = container.value if container else None
    return FormatView(encoding=sound.encoding.value, channels=sound.channels, rate=sound.rate, container=kept)


def _track(recording: Recording, number: int) -> TrackView:
    track, mixed = recording.tracks[number], recording.container is not None
    return TrackView(
        track=track.track,
        channel=None if mixed else track.track,
        parties=[party.party for party in recording.parties if mixed or party.channel == track.track],
        size=track.size,
        sha256=track.sha256.hex(),
    )


def _masks(recording: Recording) -> Spans:
    silenced = gaps(recording.keep, 0, recording.frames_received)
    rate = recording.sound.rate
    return tuple((start * 1000 // rate, -(-stop * 1000 // rate)) for start, stop in silenced)
