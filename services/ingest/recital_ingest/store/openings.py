"""What a grant opens: the grant, its recording with its tracks, and where that stands, in one round trip.

It is asked for at every request for audio, and a player asks for many ranges.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_errors import NotFound

from recital_ingest.model.listening import Grant, Standing
from recital_ingest.model.recording import Recording, State, Track
from recital_ingest.store.recordings import recording_in
from recital_ingest.store.standings import OF_ROW, standing_in

_OPENING = f"""
    select r.*, g.id as granted, g.purpose as granted_for, g.listener, g.request_id, g.expires_at, g.played_at,
        (select coalesce(jsonb_agg(jsonb_build_array(t.track, t.id, t.key_id, t.size, t.sealed_size,
            encode(t.sha256, 'hex'), encode(t.sealed_sha256, 'hex')) order by t.track), '[]')
            from tracks t where t.tenant_id = :tenant and t.recording_id = r.id) as sealed_tracks,
        {OF_ROW}
    from grants g
        join recordings r on r.tenant_id = :tenant and r.id = g.recording_id
        left join permits p on p.tenant_id = :tenant and p.id = r.permit_id
    where g.tenant_id = :tenant and g.id = :grant and g.recording_id = :recording and g.listener = :listener
        and g.expires_at is not null
"""  # noqa: S608 - of constants of this service alone
_OF_REQUEST = f"{_OPENING} and g.request_id = :request"


@dataclass(frozen=True, slots=True)
class Opening:
    """A grant and what is known of its recording; `recording` is None where that is erased."""

    grant: Grant
    played: bool
    recording: Recording | None
    standing: Standing


async def opening(
    tx: Transaction, grant_id: UUID, recording_id: UUID, *, listener: str, request: UUID | None
) -> Opening:
    """Return what a grant of this listener opens, under an order of dsar one of its request.

    Raises NotFound, also for another's, for a refused wish and for a grant of another recording.
    """
    wanted = {"tenant": tx.tenant, "grant": grant_id, "recording": recording_id, "listener": listener}
    asked = _OPENING if request is None else _OF_REQUEST
    row = (await tx.execute(asked, wanted if request is None else wanted | {"request": request})).one_or_none()
    if row is None:
        raise NotFound
    grant = Grant(row.granted, row.id, row.granted_for, row.listener, row.request_id, row.expires_at)
    erased = row.state == State.ERASED
    found = None if erased else recording_in(row, tuple(_track(each) for each in row.sealed_tracks))
    return Opening(grant, row.played_at is not None, found, standing_in(row))


def _track(each: list[Any]) -> Track:
    number, object_id, key, size, sealed_size, sha256, sealed_sha256 = each
    return Track(
        number, UUID(object_id), UUID(key), size, sealed_size, bytes.fromhex(sha256), bytes.fromhex(sealed_sha256)
    )
