"""From a recording's clock to its certificate, on the real database, key store and object store (R11, R14, R15)."""

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from recital_database import release_tenant
from recital_errors import PermanentError, Unavailable
from recital_events import Place
from recital_identity import KeySet, TokenKind, read
from recital_retention.actions import control, expiring, proving
from recital_retention.schedule import carry_orders_through, certify, look_at_due, watch
from sqlalchemy import event as sql_event


async def expired(room: Any) -> Any:
    """A recording whose last clock has ended; nothing has looked at it yet."""
    recording = await room.recording()
    await room.later("6 months 1 day")
    return recording


async def test_a_recording_goes_when_its_last_clock_ends_then_its_call_then_its_identities(room: Any) -> None:
    recording = await room.recording()
    await room.later("1 month 1 day")
    await room.settle()
    assert [each["key"] for each in await room.events("clock.expired")] == ["quality"]
    assert await room.ordered() == set()

    await room.later("5 months")
    await room.settle()
    assert [each["key"] for each in await room.events("clock.expired")] == ["quality", "contract"]
    certified = [UUID(each["holding"]) for each in await room.events("erasure.certified")]
    assert set(certified) == {recording.recording, recording.call, room.customer, room.agent}
    assert certified.index(recording.call) < certified.index(room.customer)
    for holding in certified:
        assert await room.state(holding) == "erased"


async def test_what_was_erased_leaves_a_skeleton_without_anyone_in_it(room: Any) -> None:
    await expired(room)
    await room.settle()
    for table in ("holding_subjects", "holding_contents", "clocks", "schedule"):
        assert await room.rows(f"select id from {table}") == [], table


async def test_nothing_is_looked_at_before_its_time(room: Any) -> None:
    recording = await room.recording()
    await room.later("29 days 22 hours")
    assert await look_at_due(room.means) is False
    assert await room.events("clock.expired") == []
    assert await room.state(recording.recording) == "retained"


async def test_the_point_of_no_return_is_in_the_control_ledger_before_the_order_goes_out(room: Any) -> None:
    recording = await expired(room)
    await expiring.look(room.means, UUID(int=0xA))
    assert await room.state(recording.recording) == "ordering"
    assert await room.events("erasure.ordered") == []
    assert await control.carry_through(room.means) is False
    assert await room.events("erasure.ordered") == []

    await control.write(room.means)
    [(sequence, entry)] = await room.means.vault.control.read_after(0)
    assert entry["kind"] == "erasures"
    [written] = entry["orders"]
    assert (written["holding"], written["spans_kept"]) == (str(recording.recording), [])
    assert await room.events("erasure.ordered") == []

    await control.carry_through(room.means)
    [order] = await room.events("erasure.ordered")
    assert order["order"] == written["order"]
    assert order["control_sequence"] == sequence
    assert await room.state(recording.recording) == "shredding"


async def test_an_order_found_past_the_point_of_no_return_at_start_is_carried_through(room: Any, room_of: Any) -> None:
    recording = await expired(room)
    await expiring.look(room.means, UUID(int=0xA))
    again = await room_of(database=room.settings.database("retention"))
    await control.apply_what_is_ahead(again.means)
    await again.settle()
    assert await again.state(recording.recording) == "erased"


async def test_a_crash_between_the_control_ledger_and_the_order_orders_once(room: Any, room_of: Any) -> None:
    recording = await expired(room)
    await expiring.look(room.means, UUID(int=0xA))
    await control.write(room.means)
    again = await room_of(database=room.settings.database("retention"))
    await control.apply_what_is_ahead(again.means)
    await again.settle()
    orders = [each for each in await again.events("erasure.ordered") if each["holding"] == str(recording.recording)]
    assert len(orders) == 1


async def test_orders_are_numbered_without_a_gap_over_all_tenants(room: Any) -> None:
    await room.open_tenant(room.other_tenant)
    for _ in range(3):
        await room.recording()
    await room.call(ended=True, tenant=room.other_tenant)
    await room.later("6 months 1 day")
    await room.settle()
    entries = await room.means.vault.control.read_after(0)
    assert [sequence for sequence, _ in entries] == list(range(1, len(entries) + 1))
    assert {entry["tenant"] for _, entry in entries} == {str(UUID(int=0xA)), str(room.other_tenant)}


async def test_a_certificate_is_signed_and_names_every_place_with_its_proof(room: Any) -> None:
    recording = await expired(room)
    await room.settle()
    [row] = await room.rows("select * from certificates where holding_id = :id", id=recording.recording)
    key = room.means.certificate_key
    claims = read(TokenKind.CERTIFICATE, row.token, KeySet.of(key, use="certificate"))
    assert claims["holding"] == str(recording.recording)
    assert {each["id"] for each in claims["places"]} == {each.id for each in recording.places}
    assert claims["beneath"]["key_backups"] == "no key backups configured"
    [entry] = await room.rows("select * from ledger_entries where id = :id", id=row.entry_id)
    assert entry.kind == "erasure_certified"
    assert hashlib.sha256(row.token.encode()).hexdigest() in str(entry.facts)
    assert str(room.customer) not in row.token + str(entry.facts) + str(row.claims)


async def test_a_place_that_cannot_be_destroyed_keeps_the_erasure_open_and_visible(room: Any) -> None:
    recording = await expired(room)
    room.deaf = {"object"}
    await room.settle()
    [order] = [each for each in await room.events("erasure.ordered") if each["holding"] == str(recording.recording)]
    await room.stuck(order, recording.places[0])
    assert await room.state(recording.recording) == "shredding"
    assert "erasure_stuck" in await room.alarms()
    [place] = await room.rows("select * from places where stuck_since is not null")
    assert (place.place, place.stuck_cause) == (recording.places[0].id, "store_refuses")

    room.deaf = set()
    await room.settle()
    assert await room.state(recording.recording) == "erased"
    assert await room.rows("select * from places where stuck_since is not null") == []


async def test_what_is_named_as_in_the_way_shows_until_the_owner_proves_its_places(room: Any) -> None:
    call = await room.call()
    await room.later("1 month 1 day")
    await room.settle(answer=False)
    [order] = [each for each in await room.events("erasure.ordered") if each["holding"] == str(call)]
    await room.stuck(order, Place(kind="rows", id="somewhere/else"))
    await room.stuck(order, Place(kind="rows", id="somewhere/else"))
    assert [row.place for row in await room.rows("select place from places")] == ["somewhere/else"]
    await room.hear(room.erased(order, [("rows", "calls/here")]))
    await room.settle(answer=False)
    assert await room.state(call) == "erased"
    assert [row.place for row in await room.rows("select place from places")] == ["calls/here"]


async def test_an_answer_that_leaves_a_place_out_does_not_certify(room: Any) -> None:
    recording = await expired(room)
    await room.settle(answer=False)
    [order] = [each for each in await room.events("erasure.ordered") if each["holding"] == str(recording.recording)]
    places = await room.places(recording.recording)
    await room.hear(room.erased(order, places[:-1]))
    await room.settle(answer=False)
    assert await room.state(recording.recording) == "shredding"
    await room.hear(room.erased(order, places[-1:]))
    await room.settle(answer=False)
    assert await room.state(recording.recording) == "erased"


async def test_an_answer_without_any_proof_certifies_nothing(room: Any) -> None:
    call = await room.call()
    await room.later("1 month 1 day")
    await room.settle(answer=False)
    [order] = [each for each in await room.events("erasure.ordered") if each["holding"] == str(call)]
    await room.hear(room.erased(order, []))
    await room.settle(answer=False)
    assert await room.state(call) == "shredding"


async def test_answers_that_come_again_change_nothing(room: Any) -> None:
    recording = await expired(room)
    await room.settle()
    [order] = [each for each in await room.events("erasure.ordered") if each["holding"] == str(recording.recording)]
    before = await room.events("erasure.certified")
    await room.hear(room.erased(order, await room.places(recording.recording)))
    await room.stuck(order, recording.places[0])
    await room.settle()
    assert await room.events("erasure.certified") == before
    assert await room.state(recording.recording) == "erased"


async def test_an_answer_to_an_order_that_is_not_known_waits_and_one_about_another_holding_is_refused(
    room: Any,
) -> None:
    recording = await expired(room)
    await room.settle(answer=False)
    [order] = [each for each in await room.events("erasure.ordered") if each["holding"] == str(recording.recording)]
    unknown = order | {"order": str(room.fresh())}
    assert (await room.heard(room.erased(unknown, [("rows", "x")]))).fact == f"order:{unknown['order']}"
    assert (await room.heard(room.trouble(unknown, recording.places[0]))).fact == f"order:{unknown['order']}"
    with pytest.raises(PermanentError, match="order_of_another"):
        await room.heard(room.erased(order | {"holding": str(recording.call)}, [("rows", "x")]))


async def test_a_container_goes_with_what_it_contains_and_the_certificate_waits_for_it(room: Any) -> None:
    recording = await room.recording()
    package = await room.copy("package", contains=(recording.recording,), ends_at=room.now + timedelta(days=30))
    await room.revoke(recording)
    room.deaf = {"rows"}
    await room.settle()
    assert {recording.recording, package} <= await room.ordered()
    [order] = [each for each in await room.events("erasure.ordered") if each["holding"] == str(recording.recording)]
    room.answered.add(UUID(order["order"]))
    await room.hear(room.erased(order, await room.places(recording.recording)))
    await room.settle()
    assert await room.state(recording.recording) == "shredding"
    room.deaf = set()
    await room.settle()
    certified = {each["holding"]: each["ground"] for each in await room.events("erasure.certified")}
    assert certified[str(package)] == "content_erased"
    assert list(certified).index(str(package)) < list(certified).index(str(recording.recording))


async def test_a_container_of_what_is_already_ordered_goes_at_once(room: Any) -> None:
    recording = await expired(room)
    await room.settle(answer=False)
    package = await room.copy("package", contains=(recording.recording,))
    await room.settle()
    assert await room.state(package) == "erased"


async def test_a_package_goes_after_thirty_days_at_the_latest(room: Any) -> None:
    package = await room.copy("package", ends_at=room.now + timedelta(days=300))
    await room.later("30 days 2 hours")
    await room.settle()
    assert await room.state(package) == "erased"


async def test_more_places_of_a_holding_are_part_of_its_erasure(room: Any) -> None:
    recording = await room.recording()
    more = Place(kind="object", id="ingest/waveform")
    await room.copy("recording", holding=recording.recording, places=(more,))
    await room.later("6 months 1 day")
    await room.settle(answer=False)
    [order] = [each for each in await room.events("erasure.ordered") if each["holding"] == str(recording.recording)]
    await room.hear(room.erased(order, [(each.kind, each.id) for each in recording.places]))
    await room.settle(answer=False)
    assert await room.state(recording.recording) == "shredding"


async def test_places_announced_after_the_order_are_alarmed(room: Any) -> None:
    recording = await expired(room)
    await room.settle(answer=False)
    await room.copy("recording", holding=recording.recording, places=(Place(kind="object", id="ingest/late"),))
    assert "copy_after_order" in await room.alarms()


async def test_while_time_is_frozen_nothing_is_destroyed_and_that_is_said(room: Any) -> None:
    recording = await expired(room)
    await expiring.look(room.means, UUID(int=0xA))
    await room.jump()
    await room.later("1 hour")
    await room.settle()
    assert await room.ordered() == set()
    await watch(room.means)
    assert "clock_frozen" in await room.alarms()
    async with room.database.transaction(UUID(int=0xA)) as tx:
        await release_tenant(tx, by="officer", because="the clock was put right")
    await room.settle()
    assert await room.state(recording.recording) == "erased"


async def test_an_erasure_that_stays_open_is_alarmed_once(room: Any) -> None:
    recording = await expired(room)
    await room.settle(answer=False)
    await watch(room.means)
    assert "erasure_late" not in await room.alarms()
    await room.later("16 minutes")
    await watch(room.means)
    await watch(room.means)
    late = await room.rows("select about from alarms where kind = 'erasure_late'")
    assert [row.about for row in late if row.about == recording.recording] == [recording.recording]


async def test_without_a_certificate_key_the_proof_waits_and_is_certified_once_there_is_one(room: Any) -> None:
    recording = await expired(room)
    file = room.settings.signing_key_dir / "certificate.pem"
    file.rename(file.with_suffix(".away"))
    await look_at_due(room.means)
    await carry_orders_through(room.means)
    await room.answer()
    with pytest.raises(Unavailable, match="signing_key_missing"):
        await certify(room.means)
    assert await room.state(recording.recording) == "shredding"
    file.with_suffix(".away").rename(file)
    await certify(room.means)
    assert await room.state(recording.recording) == "erased"


async def test_a_batch_of_orders_takes_few_statements(room: Any) -> None:
    for _ in range(12):
        await room.recording()
    await room.later("6 months 1 day")
    sent: list[Any] = []
    sql_event.listen(room.database._app.sync_engine, "before_cursor_execute", lambda *each: sent.append(each[2]))
    await expiring.look(room.means, UUID(int=0xA))
    # Announcing an event is one statement each (24 clocks ended); the rest is for the whole batch.
    assert len(sent) - 24 <= 25


async def test_many_answers_at_once_take_few_statements_and_none_that_must_wait_is_lost(room: Any) -> None:
    recordings = [await room.recording() for _ in range(12)]
    await room.later("6 months 1 day")
    await room.settle(answer=False)
    ordered = [each for each in await room.events("erasure.ordered") if each["kind"] == "recording"]
    # One of them is proved by two answers, each for some of its places.
    answers = [room.erased(each, await room.places(UUID(each["holding"]))) for each in ordered[1:]]
    places = await room.places(UUID(ordered[0]["holding"]))
    answers += [room.erased(ordered[0], places[:1]), room.erased(ordered[0], places[1:])]
    # Each names a place that was never announced besides.
    answers += [room.erased(each, [("rows", f"beside/{each['holding']}")]) for each in ordered]
    sent: list[Any] = []
    sql_event.listen(room.database._app.sync_engine, "before_cursor_execute", lambda *each: sent.append(each[2]))
    async with room.database.transaction(UUID(int=0xA)) as tx:
        await proving.take_answers(tx, answers)
    assert len(sent) <= 8
    await certify(room.means)
    assert {await room.state(each.recording) for each in recordings} == {"erased"}
    unknown = room.erased({**ordered[0], "order": str(room.fresh())}, places)
    async with room.database.transaction(UUID(int=0xA)) as tx:
        with pytest.raises(PermanentError, match="not_together"):
            await proving.take_answers(tx, [unknown])
    assert await room.heard(unknown) is not None
