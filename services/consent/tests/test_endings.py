"""What others tell and order: recordings, erasures, collected parts, on the real database and vault."""

import json
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from recital_consent.actions import (
    asking,
    collecting,
    erasing,
    identities,
    permits,
    recordings,
    timeline,
)
from recital_consent.decisions.sampling import month_of
from recital_consent.model.calls import CallRecord, EntryKind
from recital_consent.model.permits import Issued
from recital_consent.store import sampling
from recital_consent.store import subjects as subject_store
from recital_database import new_id, release_tenant
from recital_errors import (
    Forbidden,
    Gone,
    NotFound,
    PermanentError,
    Unavailable,
)
from recital_events import CollectionOrdered, RecordingStored
from recital_identity import Principal, Role, TokenKind

if TYPE_CHECKING:
    from services.consent.tests.conftest import Desk

K = EntryKind


# What others tell.


def stored(call: CallRecord, permit: Issued, now: datetime, recording: int = 70) -> RecordingStored:
    return RecordingStored.model_validate(
        {
            "recording": UUID(int=recording),
            "permit": permit.id,
            "call": call.id,
            "parties": [{"party": label, "kind": "customer"} for label in ("customer", "agent")],
            "spans": [],
            "purposes": [],
            "answered_at": now,
            "call_ended_at": now,
            "received_sha256": "0" * 64,
            "places": [],
            "stored_at": now,
        }
    )


async def test_a_stored_recording_completes_its_call_and_an_erased_one_gets_no_permit_again(desk: "Desk") -> None:
    call = await desk.ended_call()
    issued, _ = await desk.permit(call.id)
    event = stored(call, issued, desk.now)
    await desk.take(recordings.note_stored, event)
    await desk.take(recordings.note_stored, event)
    async with desk.database.transaction(desk.tenant) as tx:
        assert (await timeline.read_call(tx, call.id))[0].recorded_at == desk.now
    await desk.order_erasure(
        event.recording, "recording", spans_kept=[{"purposes": ["main"], "spans": [[4_200, 9_000]]}]
    )
    await desk.permit(call.id)
    await desk.order_erasure(event.recording, "recording")
    with pytest.raises(Forbidden) as refused:
        await desk.permit(call.id)
    assert [each.code for each in refused.value.reasons] == ["recording_erased"]
    assert await desk.count("erasures") == 0


async def test_an_erased_call_leaves_a_skeleton_and_its_external_id_is_not_used_again(desk: "Desk") -> None:
    call = await desk.ended_call()
    issued, token = await desk.permit(call.id)
    await desk.take(recordings.note_stored, stored(call, issued, desk.now))
    order = await desk.order_erasure(call.id, "call")
    assert not (await permits.verify_permit(desk.means, token))["stands"]
    await erasing.erase_due(desk.means)
    await erasing.erase_due(desk.means)
    (event,) = await desk.events("holding.erased")
    assert (event["order"], event["kind"]) == (str(order.order), "call")
    assert [each["place"] for each in event["proofs"]] == [{"kind": "rows", "id": str(call.id)}]
    for table in ("call_parties", "call_entries", "call_purposes"):
        assert await desk.count(table) == 0
    assert await desk.count("calls", "external_id is null and salt is null and erased_at is not null") == 1
    assert await desk.count("permits", "claims is null and salt is null") == 1
    with pytest.raises(Gone):
        await desk.register()
    with pytest.raises(Gone):
        await desk.write(call.id, desk.entry(K.HELD, 5))
    with pytest.raises(Gone):
        await desk.permit(call.id)
    async with desk.database.transaction(desk.tenant) as tx:
        with pytest.raises(Gone):
            await timeline.read_call(tx, call.id)
        assert await timeline.list_calls(desk.means, tx, external_id="pbx-1", after=None, most=9) == []
        assert await timeline.list_calls(desk.means, tx, external_id=None, after=None, most=9) == []


async def test_an_order_for_a_call_that_is_not_known_is_a_dead_letter(desk: "Desk") -> None:
    with pytest.raises(PermanentError):
        await desk.order_erasure(UUID(int=6), "call")


@pytest.mark.parametrize("kind", ["request", "package", "bundle", "collection"])
async def test_an_order_for_another_services_holding_is_passed_over(desk: "Desk", kind: str) -> None:
    await desk.order_erasure(UUID(int=6), kind)
    assert await desk.count("erasures") == 0


async def test_an_erased_identity_is_unreadable_and_found_by_nobody(desk: "Desk") -> None:
    call = await desk.register()
    (customer,) = set(call.subjects) - {desk.agent}
    async with desk.database.transaction(desk.tenant) as tx:
        sealed = (await subject_store.sealed_identities(tx, [customer]))[customer]
    await desk.order_erasure(customer, "identity")
    stranger = await desk.register("pbx-2")
    assert customer not in stranger.subjects
    await erasing.erase_due(desk.means)
    (event,) = await desk.events("holding.erased")
    assert [(each["place"]["kind"], each["method"]) for each in event["proofs"]] == [
        ("key", "key_row_absent"),
        ("rows", "rows_deleted"),
    ]
    assert await desk.means.vault.keys.absent(desk.tenant, [sealed.key])
    with pytest.raises(NotFound):
        await identities.open_identity(desk.means.vault, desk.tenant, sealed)
    assert await desk.count("subjects", "erased_at is not null and sealed is null") == 1


async def test_an_erased_member_of_staff_leaves_no_notices(desk: "Desk") -> None:
    await desk.order_erasure(desk.agent, "identity")
    await erasing.erase_due(desk.means)
    assert await desk.count("staff_notices") == 0


async def test_what_cannot_be_destroyed_is_told_once_alarmed_and_tried_again(
    desk: "Desk", monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.order_erasure(desk.agent, "identity")

    async def fails(*_arguments: object) -> None:
        raise Unavailable("keys_unavailable")

    with monkeypatch.context() as patched:
        patched.setattr(desk.means.vault.keys, "destroy", fails)
        for _ in range(2):
            await erasing.erase_due(desk.means)
            async with desk.database.transaction(desk.tenant) as tx:
                await tx.execute("update erasures set due_at = recital_now()")
    (event,) = await desk.events("holding.stuck")
    assert (event["cause"], event["place"]["kind"]) == ("keys_unavailable", "key")
    assert await desk.count("alarms", "kind = 'erasure_stuck'") == 1
    await erasing.erase_due(desk.means)
    assert len(await desk.events("holding.erased")) == 1


async def test_a_key_that_is_still_there_is_no_proof(desk: "Desk", monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.order_erasure(desk.agent, "identity")

    async def nothing(*_arguments: object) -> bool:
        return False

    with monkeypatch.context() as patched:
        patched.setattr(desk.means.vault.keys, "absent", nothing)
        await erasing.erase_due(desk.means)
    assert [each["cause"] for each in await desk.events("holding.stuck")] == ["key_still_there"]


async def test_while_time_is_doubtful_nothing_is_destroyed_until_the_tenant_is_let_go_on(desk: "Desk") -> None:
    await desk.order_erasure(desk.agent, "identity")
    async with desk.database.work() as tx:
        await tx.execute("insert into clock_freezes (why) values ('time stepped back')")
    await erasing.erase_due(desk.means)
    assert await desk.events("holding.erased") == []
    # Who looked at it and lets it go on for this tenant alone, does.
    async with desk.database.transaction(desk.tenant) as tx:
        await release_tenant(tx, by="officer", because="the clock was put right")
    await erasing.erase_due(desk.means)
    assert len(await desk.events("holding.erased")) == 1


# Collected parts.


async def ordered(desk: "Desk", *subjects: UUID) -> CollectionOrdered:
    async with desk.database.transaction(desk.tenant) as tx:
        ids = {"order": await new_id(tx), "request": await new_id(tx)}
        event = CollectionOrdered.model_validate({**ids, "subjects": subjects, "ordered_at": tx.now})
        await collecting.take_order(tx, event)
        await collecting.take_order(tx, event)
    await collecting.collect_due(desk.means)
    return event


def under(desk: "Desk", event: CollectionOrdered) -> Principal:
    return Principal(
        kind=TokenKind.ORDER, subject="dsar", expires_at=desk.now, tenant=desk.tenant, request=event.request
    )


async def test_a_part_says_who_what_and_when_and_is_given_as_it_was_announced(desk: "Desk") -> None:
    call = await desk.ended_call()
    (customer,) = set(call.subjects) - {desk.agent}
    event = await ordered(desk, customer)
    size, pieces = await collecting.read_part(desk.means, under(desk, event), event.order)
    body = b"".join([piece async for piece in pieces])
    (told,) = await desk.events("part.collected")
    assert (told["size"], told["items"]) == (size, 2)
    assert size == len(body)
    document = json.loads(body)
    identity, spoken = document["items"]
    assert identity["identifiers"] == [{"kind": "number", "value": "+31612345678"}]
    assert (spoken["kind"], spoken["id"]) == ("call", str(call.id))
    assert [each["kind"] for each in spoken["timeline"]] == ["notice_played", "ended"]
    assert spoken["purposes"][0]["notice"] == "Wij nemen op."
    copy = (await desk.events("copy.registered"))[-1]
    assert copy["holding"] == told["part"]
    assert set(copy["contains"]) == {str(customer), str(call.id)}
    assert copy["ends_with"] == str(event.request)
    await collecting.collect_due(desk.means)
    assert len(await desk.events("part.collected")) == 1


async def test_a_member_of_staff_gets_what_was_announced_to_them(desk: "Desk") -> None:
    event = await ordered(desk, desk.agent)
    _, pieces = await collecting.read_part(desk.means, under(desk, event), event.order)
    document = json.loads(b"".join([piece async for piece in pieces]))
    assert [each["kind"] for each in document["items"]] == ["identity", "staff_notice"]


async def test_r12_a_member_of_staff_is_told_what_was_counted_of_them_and_what_they_asked(desk: "Desk") -> None:
    await desk.register(entries=(desk.entry(K.MARKED_PRIVATE, 5), desk.entry(K.MARKED_PRIVATE, 7)))
    call = await desk.ended_call("pbx-2")
    async with desk.database.transaction(desk.tenant) as tx:
        await tx.execute("update settings set private_mark_minutes = 0")
    async with desk.database.transaction(desk.tenant) as tx:
        wanted = asking.Wanted(desk.at(5), desk.at(6), b"")
        await asking.ask_private(desk.means, tx, desk.principal(Role.STAFF, "1001"), call.id, wanted, None)
        month = month_of(tx.now, desk.draft_of_tenant.time_zone)
        drawn = (await tx.execute("select id from purposes")).scalar_one(), desk.agent
        await sampling.drawn_so_far(tx, month, [drawn])
        await sampling.count_drawn(tx, month, {drawn: 4})
    event = await ordered(desk, desk.agent)
    _, pieces = await collecting.read_part(desk.means, under(desk, event), event.order)
    items = json.loads(b"".join([piece async for piece in pieces]))["items"]
    asked, counted = items[-2:]
    assert (asked["kind"], asked["call"], asked["state"]) == ("private_ask", str(call.id), "pending")
    assert counted == {
        "kind": "staff_month",
        "month": month.strftime("%Y-%m"),
        "private_marks": 2,
        "sampled_calls": {"main": 4},
    }


async def test_a_part_for_nobody_is_empty_and_complete(desk: "Desk") -> None:
    event = await ordered(desk)
    _, pieces = await collecting.read_part(desk.means, under(desk, event), event.order)
    assert json.loads(b"".join([piece async for piece in pieces]))["items"] == []


async def test_a_part_is_given_for_its_own_request_only(desk: "Desk") -> None:
    event = await ordered(desk, desk.agent)
    with pytest.raises(NotFound):
        await collecting.read_part(desk.means, replace(under(desk, event), request=UUID(int=8)), event.order)
    with pytest.raises(Forbidden):
        await collecting.read_part(desk.means, replace(under(desk, event), tenant=None), event.order)


async def test_a_part_that_was_begun_and_not_finished_is_cleared_and_rendered_again(
    desk: "Desk", monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_arguments: object) -> None:
        raise Unavailable("object_store_unavailable")

    with monkeypatch.context() as patched:
        patched.setattr(desk.means.vault, "writer", fails)
        with pytest.raises(Unavailable):
            await ordered(desk, desk.agent)
    async with desk.database.transaction(desk.tenant) as tx:
        row = (await tx.execute("update parts set due_at = recital_now() returning key_id, object_id")).one()
    await collecting.collect_due(desk.means)
    assert len(await desk.events("part.collected")) == 1
    assert await desk.means.vault.keys.absent(desk.tenant, [row.key_id])


async def test_a_person_whose_key_is_being_destroyed_is_left_out(desk: "Desk") -> None:
    async with desk.database.transaction(desk.tenant) as tx:
        sealed = (await subject_store.sealed_identities(tx, [desk.agent]))[desk.agent]
    await desk.means.vault.keys.destroy(desk.tenant, [sealed.key])
    event = await ordered(desk, desk.agent)
    _, pieces = await collecting.read_part(desk.means, under(desk, event), event.order)
    document = json.loads(b"".join([piece async for piece in pieces]))
    assert [each["kind"] for each in document["items"]] == ["staff_notice"]


async def test_an_erased_part_is_gone_with_every_version_and_given_to_nobody(desk: "Desk") -> None:
    event = await ordered(desk, desk.agent)
    part = UUID((await desk.events("part.collected"))[0]["part"])
    places = (await desk.events("copy.registered"))[-1]["places"]
    await desk.order_erasure(part, "collection")
    with pytest.raises(NotFound):
        await collecting.read_part(desk.means, under(desk, event), event.order)
    await erasing.erase_due(desk.means)
    (erased,) = await desk.events("holding.erased")
    assert sorted(each["place"]["kind"] for each in erased["proofs"]) == sorted(each["kind"] for each in places)
    (key,) = [each["id"] for each in places if each["kind"] == "object"]
    assert await desk.means.vault.objects.absent(key)
    assert await desk.count("parts") == 0
