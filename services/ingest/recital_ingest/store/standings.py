"""What was told of recordings and persons after the audio was stored: restrictions, holds, subjects that are one."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_events import HoldPlaced, HoldReleased, RestrictionLifted, RestrictionSet, SubjectMerged, SubjectSplit

from recital_ingest.model.listening import Standing
from recital_ingest.model.recording import Recording
from recital_ingest.model.spans import together

# A purpose that is not known here has no roles, so nobody may listen for it.
_COLUMNS = """
    p.remaining, p.suspended_at,
    array(select key from expired_clocks where tenant_id = :tenant and recording_id = {recording}) as expired,
    (select coalesce(jsonb_object_agg(u.key, u.roles), '{{}}') from purposes u
        join {purposes} as w (id, version)
        on u.id = w.id and u.version = w.version where u.tenant_id = :tenant) as roles,
    exists (select from restrictions
        where tenant_id = :tenant and recording_id = {recording} and lifted_at is null) as restricted,
    exists (select from holds
        where tenant_id = :tenant and recording_id = {recording} and released_at is null) as held
"""
_NAMED = _COLUMNS.format(recording=":id", purposes="unnest(cast(:purposes as uuid[]), cast(:versions as int[]))")
_STANDING = f"""
    select {_NAMED} from (values (1)) as one left join permits p on p.tenant_id = :tenant and p.id = :permit
"""  # noqa: S608 - of constants of this service alone
OF_ROW = _COLUMNS.format(
    recording="r.id",
    purposes="(select cast(each ->> 'purpose' as uuid), cast(each ->> 'version' as int)"
    " from jsonb_array_elements(r.purposes) as each)",
)
"""The same of the recording in a row `r`, where its permit is `p`: columns for `standing_in`."""


async def restrict(tx: Transaction, event: RestrictionSet) -> None:
    """Keep that a recording is restricted."""
    await tx.execute(
        "insert into restrictions (tenant_id, id, recording_id, set_at) values (:tenant, :id, :recording, :at)"
        " on conflict (tenant_id, id, recording_id) do nothing",
        {"tenant": tx.tenant, "id": event.restriction, "recording": event.holding, "at": event.set_at},
    )


async def lift(tx: Transaction, event: RestrictionLifted) -> None:
    """End one restriction of a recording."""
    await tx.execute(
        "update restrictions set lifted_at = :at where tenant_id = :tenant and id = :id and recording_id = :recording",
        {"tenant": tx.tenant, "id": event.restriction, "recording": event.holding, "at": event.lifted_at},
    )


async def hold(tx: Transaction, event: HoldPlaced) -> None:
    """Keep that a recording is held."""
    await tx.execute(
        "insert into holds (tenant_id, id, recording_id, placed_at) values (:tenant, :id, :recording, :at)"
        " on conflict (tenant_id, id, recording_id) do update set placed_at = excluded.placed_at, released_at = null",
        {"tenant": tx.tenant, "id": event.hold, "recording": event.holding, "at": event.placed_at},
    )


async def release(tx: Transaction, event: HoldReleased) -> None:
    """End one hold on a recording."""
    await tx.execute(
        "update holds set released_at = :at where tenant_id = :tenant and id = :id and recording_id = :recording",
        {"tenant": tx.tenant, "id": event.hold, "recording": event.holding, "at": event.released_at},
    )


async def standing_of(tx: Transaction, recording: Recording) -> Standing:
    """Return what is known now of the time and the authority of a recording, in one round trip.

    It is asked for at every playing and each second while one is under way.
    """
    rows = await tx.execute(
        _STANDING,
        {
            "tenant": tx.tenant,
            "id": recording.id,
            "permit": recording.permit,
            "purposes": [each.purpose for each in recording.purposes],
            "versions": [each.version for each in recording.purposes],
        },
    )
    return standing_in(rows.one())


def standing_in(row: Any) -> Standing:
    """Return the standing that a row holds."""
    return Standing(
        expired=frozenset(row.expired),
        remaining=None if row.remaining is None else together((names, spans) for names, spans in row.remaining),
        roles={key: frozenset(roles) for key, roles in row.roles.items()},
        suspended=row.suspended_at is not None,
        restricted=row.restricted,
        held=row.held,
    )


async def merge(tx: Transaction, event: SubjectMerged) -> None:
    """Keep that a subject turned out to be another."""
    await tx.execute(
        "insert into merges (tenant_id, merged_id, subject_id) values (:tenant, :merged, :subject)"
        " on conflict (tenant_id, merged_id) do update set subject_id = excluded.subject_id",
        {"tenant": tx.tenant, "merged": event.merged, "subject": event.subject},
    )


async def split(tx: Transaction, event: SubjectSplit) -> None:
    """Undo that."""
    await tx.execute(
        "delete from merges where tenant_id = :tenant and merged_id = :split",
        {"tenant": tx.tenant, "split": event.split},
    )


async def all_of(tx: Transaction, subjects: Iterable[UUID]) -> frozenset[UUID]:
    """Return these subjects and every one that is the same person, by whatever chain of merges."""
    rows = await tx.execute(
        "with recursive same as (select unnest(cast(:subjects as uuid[])) as id union"
        " select case when m.merged_id = same.id then m.subject_id else m.merged_id end from same"
        " join merges m on m.tenant_id = :tenant and same.id in (m.merged_id, m.subject_id)) select id from same",
        {"tenant": tx.tenant, "subjects": list(subjects)},
    )
    return frozenset(UUID(str(row.id)) for row in rows)
