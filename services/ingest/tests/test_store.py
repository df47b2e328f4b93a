"""The store on the real database, migrated as in production."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from recital_database import Database, Gathered, new_id, record
from recital_errors import NotFound, RecitalError
from recital_events import ClockExpired, CollectionOrdered, ErasureOrdered, PurposePublished, RequestReceived
from recital_ingest.decisions.admission import Digests, Used
from recital_ingest.model.listening import Standing
from recital_ingest.model.permit import PurposeVersion
from recital_ingest.model.recording import Original, Recording, Skeleton, State
from recital_ingest.model.upload import Due, Intent
from recital_ingest.store import endings, grants, permits, recordings, reference, standings, uploads
from recital_ingest.store.openings import opening
from recital_ingest.store.recordings import Search

MakeRecording = Callable[..., Recording]
OURS, THEIRS = UUID(int=2), UUID(int=102)
LEASE = timedelta(minutes=2)
NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest_asyncio.fixture(loop_scope="session")
async def database(database_of: Callable[..., Awaitable[Database]]) -> AsyncIterator[Database]:
    yield await database_of("ingest")


def intent(**changes: Any) -> Intent:
    made = Intent(
        id=UUID(int=20),
        tenant=OURS,
        permit=UUID(int=1),
        call=UUID(int=3),
        epoch=1,
        objects=(UUID(int=30), UUID(int=31)),
    )
    return replace(made, **changes)


async def stored(database: Database, recording: Recording, tenant: UUID = OURS) -> Recording:
    async with database.transaction(tenant) as tx:
        await permits.note_permit(tx, recording.permit, recording.call)
        await recordings.claim_bytes(tx, recording.id, call=recording.call, sha256=recording.received_sha256)
        writes = Gathered(tx)
        recordings.add_recording(writes, recording, salt=b"s" * 16)
        await writes.write()
        await permits.use_permit(tx, recording.permit, recording.id)
    return recording


async def test_a_recording_is_read_as_it_was_written(database: Database, recording: MakeRecording) -> None:
    plain = await stored(database, recording(original=Original(UUID(int=99), b"sealed"), growth_ms=70))
    async with database.transaction(OURS) as tx:
        assert await recordings.recording(tx, plain.id) == plain
        assert await recordings.recordings(tx, Search(call=plain.call), after=None, most=9) == [plain]
        assert await recordings.recordings(tx, Search(), after=plain.id, most=9) == []
        assert await recordings.recordings(tx, Search(call=UUID(int=77)), after=None, most=9) == []
        assert await recordings.recordings_of_subjects(tx, [UUID(int=4), UUID(int=44)]) == [plain]
        assert await recordings.recordings_of_subjects(tx, [UUID(int=44)]) == []


async def test_another_tenants_recording_is_not_there(database: Database, recording: MakeRecording) -> None:
    await stored(database, recording())
    async with database.transaction(THEIRS) as tx:
        with pytest.raises(NotFound):
            await recordings.recording(tx, recording().id)
        assert await recordings.recordings(tx, Search(), after=None, most=9) == []


async def test_an_erased_recording_leaves_a_skeleton_without_anybody_in_it(
    database: Database, recording: MakeRecording
) -> None:
    plain = await stored(database, recording(original=Original(UUID(int=99), b"sealed")))
    async with database.transaction(OURS) as tx:
        assert await recordings.begin_erasing(tx, plain.id)
        assert not await recordings.begin_erasing(tx, plain.id)
        being_erased = await recordings.recording(tx, plain.id)
        assert isinstance(being_erased, Recording)
        assert being_erased.state is State.ERASING
        await recordings.reduce_to_skeletons(tx, [plain.id])
        skeleton = await recordings.recording(tx, plain.id)
        assert isinstance(skeleton, Skeleton)
        assert await recordings.recordings_of_subjects(tx, [UUID(int=4)]) == []
        assert await recordings.owners_among(tx, [plain.id]) == set()
        for table in ("tracks", "recording_subjects", "received"):
            assert (await tx.execute(f"select count(*) from {table}")).scalar_one() == 0


async def test_the_same_bytes_of_a_call_are_the_recording_that_had_them_first(
    database: Database, recording: MakeRecording
) -> None:
    first = await stored(database, recording())
    async with database.transaction(OURS) as tx:
        again = await recordings.claim_bytes(tx, UUID(int=21), call=first.call, sha256=first.received_sha256)
        other = await recordings.claim_bytes(tx, UUID(int=21), call=UUID(int=33), sha256=first.received_sha256)
    assert (again, other) == (first.id, UUID(int=21))


async def test_a_permit_tells_what_it_was_used_for_and_what_a_revocation_left(
    database: Database, recording: MakeRecording
) -> None:
    plain = await stored(database, recording())
    async with database.transaction(OURS) as tx:
        assert await permits.permit_state(tx, UUID(int=55)) == permits.UNKNOWN
        state = await permits.permit_state(tx, plain.permit, lock=True)
        assert state.used == Used(plain.id, Digests(plain.received_sha256, plain.received_sha512))
        assert not state.revoked
        for left in ({"contract": ((0, 500),)}, {}):
            await permits.revoke_permit(tx, plain.permit, call=plain.call, remaining=left, revoked_at=NOW)
            state = await permits.permit_state(tx, plain.permit)
            assert (state.revoked, state.remaining) == (True, left)
            assert (await standings.standing_of(tx, plain)).remaining == left
        await permits.suspend_permit(tx, plain.permit, call=plain.call, suspended_at=NOW)
        assert (await standings.standing_of(tx, plain)).suspended


async def test_a_permit_can_be_revoked_before_anything_came(database: Database) -> None:
    async with database.transaction(OURS) as tx:
        await permits.revoke_permit(tx, UUID(int=55), call=UUID(int=3), remaining={}, revoked_at=NOW)
        await permits.note_permit(tx, UUID(int=55), UUID(int=3))
        assert (await permits.permit_state(tx, UUID(int=55))).revoked


async def test_tombstones_are_of_one_call(database: Database) -> None:
    async with database.transaction(OURS) as tx:
        await permits.put_tombstone(tx, UUID(int=20), UUID(int=3), [b"a", b"b"])
        await permits.put_tombstone(tx, UUID(int=20), UUID(int=3), [b"a", b"b"])
        assert await permits.tombstones_of(tx, UUID(int=3)) == [frozenset({b"a", b"b"})]
        assert await permits.tombstones_of(tx, UUID(int=4)) == []


async def test_an_upload_is_alive_while_its_lease_is_renewed(database: Database) -> None:
    async with database.transaction(OURS) as tx:
        await uploads.open_upload(tx, intent(), lease=LEASE)
        await uploads.open_upload(tx, intent(id=UUID(int=21)), lease=-LEASE)
        assert await uploads.uploads_open(tx) == 1
        assert await uploads.renew_lease(tx, intent(id=UUID(int=21)), lease=LEASE)
        assert await uploads.uploads_open(tx) == 2
        assert await uploads.uploads_among(tx, [UUID(int=20), UUID(int=22)]) == {UUID(int=20)}


async def test_the_collector_finds_overdue_uploads_of_all_tenants_in_turns_and_knows_their_places(
    database: Database,
) -> None:
    named = intent(keys=(UUID(int=40), UUID(int=41)), multiparts={str(UUID(int=31)): "upload-1"})
    for tenant in (OURS, THEIRS):
        async with database.transaction(tenant) as tx:
            for number in (20, 21, 22):
                await uploads.open_upload(tx, intent(id=UUID(int=number), tenant=tenant), lease=-LEASE)
            await uploads.name_keys(tx, intent(), list(named.keys))
            await uploads.name_multipart(tx, intent(), UUID(int=31), "upload-1")
    async with database.work() as tx:
        found = await uploads.overdue_uploads(tx, 4)
    assert [each.tenant for each in found].count(OURS) == 2
    async with database.transaction(OURS) as tx:
        taken = await uploads.take_over(tx, UUID(int=20), epoch=None, lease=LEASE)
        assert taken == replace(named, epoch=2)
        assert await uploads.take_over(tx, UUID(int=20), epoch=None, lease=LEASE) is None
        await uploads.forget_upload(tx, taken)
        assert await uploads.uploads_among(tx, [UUID(int=20)]) == set()


async def test_whoever_has_an_older_epoch_can_neither_go_on_nor_commit(database: Database) -> None:
    async with database.transaction(OURS) as tx:
        await uploads.open_upload(tx, intent(), lease=-LEASE)
        taken = await uploads.take_over(tx, UUID(int=20), epoch=None, lease=LEASE)
        assert taken is not None
        assert not await uploads.renew_lease(tx, intent(), lease=LEASE)
        assert not await uploads.name_keys(tx, intent(), [])
        assert not await uploads.close_upload(tx, intent())
        assert await uploads.take_over(tx, UUID(int=20), epoch=1, lease=LEASE) is None
        await uploads.forget_upload(tx, intent())
        assert await uploads.uploads_among(tx, [UUID(int=20)]) == {UUID(int=20)}


async def test_a_committed_upload_has_no_intent_any_more(database: Database) -> None:
    async with database.transaction(OURS) as tx:
        await uploads.open_upload(tx, intent(), lease=LEASE)
        assert await uploads.close_upload(tx, intent())
        assert not await uploads.close_upload(tx, intent())
        assert await uploads.take_over(tx, UUID(int=20), epoch=1, lease=LEASE) is None


async def test_the_roles_are_those_of_the_version_that_counted_for_the_call(
    database: Database, recording: MakeRecording
) -> None:
    async with database.transaction(OURS) as tx:
        for version, role in ((1, "case_handler"), (2, "reviewer")):
            published = PurposePublished(
                purpose=UUID(int=6),
                key="contract",
                version=version,
                basis="contract",
                retention="P6M",
                roles=(role,),
                hold_suppressed=True,
                in_force_from=NOW,
            )
            await reference.publish_purpose(tx, published)
        counted = (PurposeVersion(UUID(int=6), "contract", 1), PurposeVersion(UUID(int=7), "unknown", 1))
        standing = await standings.standing_of(tx, recording(purposes=counted))
        assert standing == Standing(frozenset(), None, {"contract": frozenset({"case_handler"})})


async def test_a_tenants_key_is_recorded_once(database: Database) -> None:
    async with database.transaction(OURS) as tx:
        assert await reference.tenant_key(tx) is None
        await reference.open_tenant(tx, key=UUID(int=1))
        await reference.open_tenant(tx, key=UUID(int=2))
        assert await reference.tenant_key(tx, lock=True) == UUID(int=1)
    async with database.work() as tx:
        assert await reference.tenants(tx) == [OURS]


async def test_a_request_is_open_until_it_is_closed_and_a_clock_ended_stays_ended(
    database: Database, recording: MakeRecording
) -> None:
    received = RequestReceived(request=UUID(int=70), kind="access", subjects=(UUID(int=4),), received_at=NOW)
    ended = ClockExpired(recording=UUID(int=20), purpose=UUID(int=6), key="contract", expired_at=NOW)
    async with database.transaction(OURS) as tx:
        await reference.receive_request(tx, received)
        found = await reference.open_request(tx, UUID(int=70))
        assert found is not None
        assert found.subjects == {UUID(int=4)}
        await tx.execute("update requests set closed_at = recital_now()")
        assert await reference.open_request(tx, UUID(int=70)) is None
        await reference.expire_clocks(tx, [ended])
        for known, expired in ((UUID(int=20), {"contract"}), (UUID(int=21), set())):
            assert (await standings.standing_of(tx, recording(id=known))).expired == expired


async def test_a_grant_is_its_listeners_own_and_a_refused_wish_is_none(
    database: Database, recording: MakeRecording
) -> None:
    plain = await stored(database, recording(id=UUID(int=20), original=Original(UUID(int=99), b"sealed")))
    async with database.transaction(OURS) as tx:
        made = grants.Wished(
            id=await new_id(tx),
            recording=UUID(int=20),
            purpose="contract",
            listener="person",
            roles=["case_handler"],
            texts=b"sealed",
            texts_key=UUID(int=60),
            request=None,
            expires_at=NOW,
            refused=[],
        )
        ordered = replace(made, id=await new_id(tx), listener="recital/dsar", request=UUID(int=70))
        refused = replace(made, id=await new_id(tx), expires_at=None, refused=["clock_expired"])
        for each in (made, ordered, refused):
            await grants.add_grant(tx, each, await record(tx, "access", "listening.granted", facts={}))
        opened = await opening(tx, made.id, plain.id, listener="person", request=None)
        assert (opened.grant.expires_at, opened.played, opened.recording) == (NOW, False, plain)
        assert opened.standing == await standings.standing_of(tx, plain)
        asked = await opening(tx, ordered.id, plain.id, listener="recital/dsar", request=UUID(int=70))
        assert asked.grant.id == ordered.id
        for wanted, of, listener, request in (
            (made.id, plain.id, "somebody", None),
            (made.id, UUID(int=21), "person", None),
            (refused.id, plain.id, "person", None),
            (ordered.id, plain.id, "recital/dsar", UUID(int=71)),
        ):
            with pytest.raises(NotFound):
                await opening(tx, wanted, of, listener=listener, request=request)
        await grants.note_played(tx, made.id)
        assert (await opening(tx, made.id, plain.id, listener="person", request=None)).played
        heard = (await grants.listenings_of(tx, [UUID(int=20)]))[UUID(int=20)]
        assert [each.played_at is not None for each in heard] == [True, False]


def erasure(order: int = 60) -> ErasureOrdered:
    return ErasureOrdered(
        order=UUID(int=order),
        holding=UUID(int=20),
        kind="recording",
        ground="retention_ended",
        control_sequence=1,
        ordered_at=NOW,
    )


async def test_an_order_to_erase_is_taken_by_one_and_again_after_a_failure(database: Database) -> None:
    async with database.transaction(OURS) as tx:
        await endings.add_erasure(tx, erasure())
        await endings.add_erasure(tx, erasure())
    async with database.work() as tx:
        assert await endings.due_erasures(tx, 9) == [Due(OURS, UUID(int=60))]
    async with database.transaction(OURS) as tx:
        taken = await endings.take_erasure(tx, UUID(int=60), again_after=LEASE)
        assert taken is not None
        assert (taken.holding, taken.tries, taken.stuck_since) == (UUID(int=20), 1, None)
        assert await endings.take_erasure(tx, UUID(int=60), again_after=LEASE) is None
        assert await endings.postpone_erasure(tx, UUID(int=60), by=-LEASE)
    async with database.transaction(OURS) as tx:
        again = await endings.take_erasure(tx, UUID(int=60), again_after=-LEASE)
        assert again is not None
        assert again.tries == 2
        assert not await endings.postpone_erasure(tx, UUID(int=60), by=-LEASE)
        await endings.finish_erasure(tx, UUID(int=60))
        assert await endings.take_erasure(tx, UUID(int=60), again_after=LEASE) is None
    async with database.work() as tx:
        assert await endings.due_erasures(tx, 9) == []


async def test_a_part_is_fetched_for_its_request_until_it_is_erased(database: Database) -> None:
    ordered = CollectionOrdered(order=UUID(int=61), request=UUID(int=70), subjects=(UUID(int=4),), ordered_at=NOW)
    async with database.transaction(OURS) as tx:
        await endings.add_collection(tx, ordered, part=UUID(int=62))
        await endings.add_collection(tx, ordered, part=UUID(int=63))
    async with database.work() as tx:
        assert await endings.due_collections(tx, 9) == [Due(OURS, UUID(int=61))]
    async with database.transaction(OURS) as tx:
        taken = await endings.take_collection(tx, UUID(int=61), again_after=LEASE)
        assert taken is not None
        assert (taken.part, taken.object) == (UUID(int=62), None)
        await endings.name_part(tx, UUID(int=61), object_id=UUID(int=30), key=UUID(int=40))
        assert not await endings.finish_collection(tx, UUID(int=61), object_id=UUID(int=31), size=9, items=1)
        with pytest.raises(NotFound):
            await endings.collected_part(tx, UUID(int=61), request=UUID(int=70))
        assert await endings.finish_collection(tx, UUID(int=61), object_id=UUID(int=30), size=9, items=1)
        found = await endings.collected_part(tx, UUID(int=61), request=UUID(int=70))
        assert (found.object, found.key, found.size) == (UUID(int=30), UUID(int=40), 9)
        assert await endings.parts_among(tx, [UUID(int=62), UUID(int=63)]) == {UUID(int=62)}
        for request in (UUID(int=71), None):
            with pytest.raises(NotFound):
                await endings.collected_part(tx, UUID(int=61), request=request)
        await endings.begin_erasing_part(tx, UUID(int=62))
        with pytest.raises(NotFound):
            await endings.collected_part(tx, UUID(int=61), request=UUID(int=70))
        await endings.forget_part(tx, UUID(int=62))
        gone = await endings.part(tx, UUID(int=62))
        assert gone is not None
        assert (gone.subjects, gone.object, gone.key) == ((), None, None)
        assert await endings.part(tx, UUID(int=63)) is None


async def test_the_skeleton_of_a_recording_cannot_keep_a_person(database: Database, recording: MakeRecording) -> None:
    plain = await stored(database, recording())
    with pytest.raises(Exception, match="check constraint") as refused:
        async with database.transaction(OURS) as tx:
            await tx.execute("update recordings set state = 'erased', erased_at = recital_now()")
    assert not isinstance(refused.value, RecitalError)
    async with database.transaction(OURS) as tx:
        assert await recordings.recording(tx, plain.id) == plain
