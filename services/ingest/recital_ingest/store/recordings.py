"""Recordings and their tracks: written once, found, listed, and reduced to a skeleton when they are erased."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_database import Gathered, Transaction
from recital_errors import NotFound
from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects import postgresql

from recital_ingest.model.container import Container
from recital_ingest.model.permit import Party, PurposeVersion, Stretch
from recital_ingest.model.recording import Original, Recording, Replaced, Skeleton, State, Track
from recital_ingest.model.resumable import Part
from recital_ingest.model.sound import Encoding, Sound
from recital_ingest.model.spans import PurposeSpans, Spans, apart, together
from recital_ingest.store.tables import ReceivedRow, RecordingRow, RecordingSubjectRow, TrackRow, mine, table

RECORDINGS, TRACKS = table(RecordingRow), table(TrackRow)
SUBJECTS, RECEIVED = table(RecordingSubjectRow), table(ReceivedRow)
# What a skeleton has not: everything that says something of a person or of the audio.
_PERSONAL = (
    *("answered_at", "call_ended_at", "received_size", "received_sha256", "received_sha512", "encoding", "channels"),
    *("rate", "frames", "frames_received", "keep", "stretches", "growth_ms", "spans", "purposes", "parties"),
    *("original", "original_key", "timeline_version", "salt", "damaged_at", "replaced"),
    "received_parts",
)


async def claim_bytes(tx: Transaction, recording: UUID, *, call: UUID, sha256: bytes) -> UUID:
    """Claim the bytes of a call for a recording; return the recording that has them, this one or an earlier."""
    row = {"tenant_id": tx.tenant, "call_id": call, "sha256": sha256, "recording_id": recording}
    claimed = postgresql.insert(RECEIVED).values(row).on_conflict_do_nothing().returning(RECEIVED.c.recording_id)
    mine_now = (await tx.execute(claimed)).scalar_one_or_none()
    if mine_now is not None:
        return recording
    earlier: UUID = (
        await tx.execute(
            select(RECEIVED.c.recording_id).where(
                mine(ReceivedRow, tx), RECEIVED.c.call_id == call, RECEIVED.c.sha256 == sha256
            )
        )
    ).scalar_one()
    return earlier


def add_recording(writes: Gathered, recording: Recording, *, salt: bytes) -> None:
    """Write a recording, its tracks and whom it carries."""
    writes.add(RecordingRow, [{"salt": salt, **_columns(recording)}])
    writes.add(TrackRow, _rows_of(recording.id, recording.tracks))
    subjects = {party.subject for party in recording.parties if party.subject is not None}
    writes.add(RecordingSubjectRow, [{"subject_id": each, "recording_id": recording.id} for each in sorted(subjects)])


async def recording(tx: Transaction, recording_id: UUID) -> Recording | Skeleton:
    """Return a recording, or what is left of an erased one. Raises NotFound."""
    found = await _with_tracks(tx, select(RECORDINGS).where(mine(RecordingRow, tx), RECORDINGS.c.id == recording_id))
    if not found:
        raise NotFound
    return found[0]


@dataclass(frozen=True, slots=True)
class Search:
    """Which recordings are looked for; None asks nothing. Lengths in milliseconds, times half-open."""

    call: UUID | None = None
    purpose: str | None = None
    subjects: frozenset[UUID] | None = None
    since: datetime | None = None
    """The call was answered at or after it."""
    before: datetime | None = None
    at_least_ms: int | None = None
    at_most_ms: int | None = None
    state: str | None = None
    confirmed_since: datetime | None = None


async def recordings(
    tx: Transaction, search: Search, *, after: UUID | None, most: int
) -> Sequence[Recording | Skeleton]:
    """Return the recordings looked for by id, after a cursor."""
    wanted = select(RECORDINGS).where(mine(RecordingRow, tx), *_asked(tx, search))
    if after is not None:
        wanted = wanted.where(RECORDINGS.c.id > after)
    return await _with_tracks(tx, wanted.order_by(RECORDINGS.c.id).limit(most))


def _asked(tx: Transaction, search: Search) -> list[ColumnElement[bool]]:
    row, asked = RECORDINGS.c, []
    if search.call is not None:
        asked.append(row.call_id == search.call)
    if search.purpose is not None:
        asked.append(row.purposes.contains([{"key": search.purpose}]))
    if search.subjects is not None:
        theirs = select(SUBJECTS.c.recording_id).where(
            mine(RecordingSubjectRow, tx), SUBJECTS.c.subject_id.in_(sorted(search.subjects))
        )
        asked.append(row.id.in_(theirs))
    if search.since is not None:
        asked.append(row.answered_at >= search.since)
    if search.before is not None:
        asked.append(row.answered_at < search.before)
    if search.at_least_ms is not None:
        asked.append(row.frames * 1000 >= search.at_least_ms * row.rate)
    if search.at_most_ms is not None:
        asked.append(row.frames * 1000 <= search.at_most_ms * row.rate)
    if search.state is not None:
        asked.append(row.state == search.state)
    if search.confirmed_since is not None:
        asked.append(row.confirmed_at >= search.confirmed_since)
    return asked


async def recordings_of_subjects(tx: Transaction, subjects: Sequence[UUID]) -> Sequence[Recording]:
    """Return the recordings, not erased, in which one of the subjects took part, by id."""
    theirs = select(SUBJECTS.c.recording_id).where(
        mine(RecordingSubjectRow, tx), SUBJECTS.c.subject_id.in_(list(subjects))
    )
    wanted = select(RECORDINGS).where(mine(RecordingRow, tx), RECORDINGS.c.id.in_(theirs)).order_by(RECORDINGS.c.id)
    return [each for each in await _with_tracks(tx, wanted) if isinstance(each, Recording)]


async def narrow(tx: Transaction, recording_id: UUID, spans: PurposeSpans) -> None:
    """Write that only these spans of a recording may be heard from now on."""
    await tx.execute(
        update(RECORDINGS)
        .where(mine(RecordingRow, tx), RECORDINGS.c.id == recording_id, RECORDINGS.c.state == State.STORED)
        .values(spans=apart(spans))
    )


async def put_in_place(
    tx: Transaction,
    recording_id: UUID,
    tracks: Sequence[Track],
    *,
    keep: Spans,
    original: Original | None = None,
    container: str | None = None,
) -> bool:
    """Put new tracks in the place of a recording's old ones; false where it is being erased."""
    done = await tx.execute(
        update(RECORDINGS)
        .where(mine(RecordingRow, tx), RECORDINGS.c.id == recording_id, RECORDINGS.c.state == State.STORED)
        .values(
            keep=keep,
            container=container,
            original=original.sealed if original else None,
            original_key=original.key if original else None,
            damaged_at=None,
        )
    )
    if done.rowcount != 1:
        return False
    await tx.execute(delete(TRACKS).where(mine(TrackRow, tx), TRACKS.c.recording_id == recording_id))
    writes = Gathered(tx)
    writes.add(TrackRow, _rows_of(recording_id, tracks))
    await writes.write()
    return True


async def note_replaced(tx: Transaction, recording_id: UUID, replaced: Replaced) -> None:
    """Keep where a recording lay before its audio was sent again, for the proof of its erasure."""
    lists = [[str(each) for each in ids] for ids in replaced]
    await tx.execute(
        update(RECORDINGS).where(mine(RecordingRow, tx), RECORDINGS.c.id == recording_id).values(replaced=lists)
    )


async def confirm(tx: Transaction, recording_id: UUID) -> None:
    """Write that a recording was read back whole."""
    await tx.execute(
        update(RECORDINGS)
        .where(mine(RecordingRow, tx), RECORDINGS.c.id == recording_id)
        .values(confirmed_at=tx.now, damaged_at=None)
    )


async def find_damaged(tx: Transaction, recording_id: UUID) -> None:
    """Write that a recording cannot be read: its sender should not delete, and may send it again."""
    await tx.execute(
        update(RECORDINGS)
        .where(mine(RecordingRow, tx), RECORDINGS.c.id == recording_id)
        .values(confirmed_at=None, damaged_at=tx.now)
    )


async def begin_erasing(tx: Transaction, recording_id: UUID) -> bool:
    """Stop all playback of a stored recording, for ever; false where that was done before."""
    done = await tx.execute(
        update(RECORDINGS)
        .where(mine(RecordingRow, tx), RECORDINGS.c.id == recording_id, RECORDINGS.c.state == State.STORED)
        .values(state=State.ERASING)
    )
    return done.rowcount == 1


async def reduce_to_skeletons(tx: Transaction, ids: Sequence[UUID]) -> None:
    """Drop all rows and values of recordings but id, call, permit, dates and their ledger entries' ids."""
    for row, column in (
        (TrackRow, "recording_id"),
        (RecordingSubjectRow, "recording_id"),
        (ReceivedRow, "recording_id"),
    ):
        await tx.execute(delete(table(row)).where(mine(row, tx), table(row).c[column].in_(ids)))
    await tx.execute(
        update(RECORDINGS)
        .where(mine(RecordingRow, tx), RECORDINGS.c.id.in_(ids))
        .values(state=State.ERASED, erased_at=tx.now, **dict.fromkeys(_PERSONAL))
    )


async def owners_among(tx: Transaction, ids: list[UUID]) -> set[UUID]:
    """Return which of these ids are recordings that are not erased."""
    rows = await tx.execute(
        select(RECORDINGS.c.id).where(
            mine(RecordingRow, tx), RECORDINGS.c.id.in_(ids), RECORDINGS.c.state != State.ERASED
        )
    )
    return {row.id for row in rows}


def _rows_of(recording_id: UUID, tracks: Sequence[Track]) -> list[dict[str, Any]]:
    return [
        {
            "id": track.object,
            "recording_id": recording_id,
            "track": track.track,
            "key_id": track.key,
            "size": track.size,
            "sealed_size": track.sealed_size,
            "sha256": track.sha256,
            "sealed_sha256": track.sealed_sha256,
        }
        for track in tracks
    ]


async def _with_tracks(tx: Transaction, wanted: Any) -> list[Recording | Skeleton]:
    rows = (await tx.execute(wanted)).all()
    tracks: dict[UUID, list[Track]] = {row.id: [] for row in rows}
    found = await tx.execute(
        select(TRACKS).where(mine(TrackRow, tx), TRACKS.c.recording_id.in_(list(tracks))).order_by(TRACKS.c.track)
    )
    for row in found:
        tracks[row.recording_id].append(
            Track(row.track, row.id, row.key_id, row.size, row.sealed_size, row.sha256, row.sealed_sha256)
        )
    return [_skeleton(row) if row.state == State.ERASED else recording_in(row, tuple(tracks[row.id])) for row in rows]


def _columns(recording: Recording) -> dict[str, Any]:
    original = recording.original
    return {
        "id": recording.id,
        "call_id": recording.call,
        "permit_id": recording.permit,
        "state": recording.state,
        "stored_at": recording.stored_at,
        "answered_at": recording.answered_at,
        "call_ended_at": recording.call_ended_at,
        "received_size": recording.received_size,
        "received_sha256": recording.received_sha256,
        "received_sha512": recording.received_sha512,
        "encoding": recording.sound.encoding.value,
        "channels": recording.sound.channels,
        "rate": recording.sound.rate,
        "frames": recording.frames,
        "frames_received": recording.frames_received,
        "keep": recording.keep,
        "stretches": [asdict(stretch) for stretch in recording.stretches],
        "growth_ms": recording.growth_ms,
        "spans": apart(recording.spans),
        "purposes": [asdict(each) | {"purpose": str(each.purpose)} for each in recording.purposes],
        "parties": [
            asdict(each) | {"subject": None if each.subject is None else str(each.subject)}
            for each in recording.parties
        ],
        "original": original.sealed if original else None,
        "original_key": original.key if original else None,
        "timeline_version": recording.timeline_version,
        "container": recording.container.value if recording.container else None,
        "received_parts": [[each.size, each.sha256.hex(), each.sha512.hex()] for each in recording.parts] or None,
        "ledger_entry": recording.ledger_entry,
    }


def recording_in(row: Any, tracks: tuple[Track, ...]) -> Recording:
    """Return the recording that a row of `recordings` holds, which is not a skeleton's."""
    return Recording(
        id=row.id,
        call=row.call_id,
        permit=row.permit_id,
        state=State(row.state),
        stored_at=row.stored_at,
        answered_at=row.answered_at,
        call_ended_at=row.call_ended_at,
        received_size=row.received_size,
        received_sha256=row.received_sha256,
        received_sha512=row.received_sha512,
        sound=Sound(Encoding(row.encoding), row.channels, row.rate),
        frames=row.frames,
        frames_received=row.frames_received,
        keep=tuple((start, stop) for start, stop in row.keep),
        stretches=tuple(Stretch(**each) for each in row.stretches),
        growth_ms=row.growth_ms,
        spans=together((names, spans) for names, spans in row.spans),
        purposes=tuple(PurposeVersion(UUID(each["purpose"]), each["key"], each["version"]) for each in row.purposes),
        parties=tuple(_party(each) for each in row.parties),
        tracks=tracks,
        original=Original(row.original_key, row.original) if row.original is not None else None,
        timeline_version=row.timeline_version,
        container=Container(row.container) if row.container else None,
        ledger_entry=row.ledger_entry,
        confirmed_at=row.confirmed_at,
        damaged_at=row.damaged_at,
        replaced=_replaced(row.replaced),
        parts=tuple(
            Part(size, bytes.fromhex(sha256), bytes.fromhex(sha512))
            for size, sha256, sha512 in row.received_parts or ()
        ),
    )


def _replaced(lists: Any) -> Replaced:
    objects, keys = lists or ((), ())
    return tuple(UUID(each) for each in objects), tuple(UUID(each) for each in keys)


def _party(each: dict[str, Any]) -> Party:
    subject = each["subject"]
    recorded = each.get("recorded", False)
    return Party(each["party"], UUID(subject) if subject else None, each["kind"], each["channel"], recorded)


def _skeleton(row: Any) -> Skeleton:
    return Skeleton(
        id=row.id,
        call=row.call_id,
        permit=row.permit_id,
        stored_at=row.stored_at,
        erased_at=row.erased_at,
        ledger_entry=row.ledger_entry,
    )
