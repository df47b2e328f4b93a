"""Erasure and collection, ordered by events, on real servers."""

import hashlib
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from recital_database import release_tenant
from recital_errors import PermanentError, Unavailable
from recital_events import CollectionOrdered
from recital_identity import Role
from recital_ingest.actions.collecting import collect_due
from recital_ingest.actions.erasing import erase_due
from recital_ingest.model.sound import Encoding, Sound

CUSTOMER, STRANGER, TENANT = UUID(int=4), UUID(int=44), UUID(int=2)


@pytest.fixture
def call(wav: Callable[..., bytes], samples: Callable[..., bytes]) -> bytes:
    sound = Sound(Encoding.MU_LAW, 2, 8_000)
    return wav(sound, samples(sound, 80_000))


async def test_an_erased_recording_is_gone_everywhere_and_every_place_is_proved(room: Any, call: bytes) -> None:
    permit = room.permit()
    made = (await room.send(permit, call)).json()
    grant = (await room.grant(made["id"])).json()["id"]
    tracks = await room.rows("select id, key_id from tracks")
    [stored] = await room.events("recording.stored")
    await room.hear(room.ordered(made["id"]))
    # From the order on nobody hears it, although its bytes are still there.
    for answer in (await room.play(made["id"], grant), await room.grant(made["id"]), await room.send(permit, call)):
        assert (answer.status_code, answer.json()["code"]) == (410, "recording_erased")
    await erase_due(room.means)
    [erased] = await room.events("holding.erased")
    assert [proof["place"] for proof in erased["proofs"]] == stored["places"]
    assert await room.vault.keys.absent(TENANT, [track.key_id for track in tracks])
    for track in tracks:
        assert await room.vault.objects.absent(f"ingest/{track.id}")
    assert await room.left() == (0, 1, 0, 0)
    assert (await room.ledger())[-1] == "recording.erased"
    answer = await room.client.get(f"/v1/recordings/{made['id']}", headers=room.token(Role.AUDITOR))
    assert answer.status_code == 410
    listed = (await room.client.get("/v1/recordings", headers=room.token(Role.AUDITOR))).json()
    assert [(each["state"], "parties" in each) for each in listed["items"]] == [("erased", False)]


async def test_an_erased_call_is_not_taken_in_again_under_any_permit(room: Any, call: bytes) -> None:
    made = await room.recorded(call)
    await room.hear(room.ordered(made["id"]))
    await erase_due(room.means)
    answer = await room.send(room.permit(call=made["call"]), call)
    assert (answer.status_code, answer.json()["code"]) == (410, "recording_erased")
    other_leg = [
        {"party": "customer", "subject": str(CUSTOMER), "kind": "customer", "channel": 0},
        {"party": "colleague", "subject": str(UUID(int=9)), "kind": "staff", "channel": 1},
    ]
    assert (await room.send(room.permit(call=made["call"], parties=other_leg), call)).status_code == 201


async def test_audio_on_its_way_when_its_call_is_erased_is_not_committed(room: Any, call: bytes) -> None:
    made = await room.recorded(call)

    async def erase() -> None:
        await room.hear(room.ordered(made["id"]))
        await erase_due(room.means)

    room.neighbours.before_verdict = erase
    answer = await room.send(room.permit(call=made["call"]), call + b"LIST\0\0\0\0")
    assert (answer.status_code, answer.json()["code"]) == (410, "recording_erased")
    assert await room.left() == (0, 1, 0, 0)


async def test_an_order_told_twice_and_a_second_order_are_answered(room: Any, call: bytes) -> None:
    made = await room.recorded(call)
    order = room.ordered(made["id"])
    await room.hear(order, order)
    await erase_due(room.means)
    await erase_due(room.means)
    assert len(await room.events("holding.erased")) == 1
    await room.hear(room.ordered(made["id"]))
    await erase_due(room.means)
    [_, again] = await room.events("holding.erased")
    assert [proof["place"]["kind"] for proof in again["proofs"]] == ["rows"]


async def test_orders_that_are_not_ours_are_passed_over_and_impossible_ones_are_dead_letters(room: Any) -> None:
    for kind in ("call", "identity", "package", "collection"):
        await room.hear(room.ordered(UUID(int=1), kind))
    assert await room.rows("select * from erasures") == []
    with pytest.raises(PermanentError, match="recording_unknown"):
        await room.hear(room.ordered(UUID(int=1)))


@pytest.mark.parametrize("place", ["keys", "objects"])
async def test_a_place_that_cannot_be_cleared_is_told_alarmed_and_tried_until_it_is(
    room: Any, call: bytes, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await room.recorded(call)
    await room.hear(room.ordered(made["id"]))

    async def fails(*_args: object) -> None:
        raise Unavailable("out_of_order")

    with monkeypatch.context() as broken:
        broken.setattr(
            room.vault.keys if place == "keys" else room.vault.objects, "destroy" if place == "keys" else "erase", fails
        )
        await erase_due(room.means)
        await room.rows("update erasures set due_at = recital_now() - interval '1 second'")
        await erase_due(room.means)
    [stuck] = await room.events("holding.stuck")
    assert (stuck["place"]["kind"] + "s", stuck["cause"]) == (place, "out_of_order")
    assert await room.alarms() == {"erasure_stuck"}
    assert await room.events("holding.erased") == []
    await room.rows("update erasures set due_at = recital_now() - interval '1 second'")
    await erase_due(room.means)
    assert len(await room.events("holding.erased")) == 1


@pytest.mark.parametrize(("store", "cause"), [("keys", "key_still_there"), ("objects", "object_still_there")])
async def test_absence_is_looked_for_not_assumed(
    room: Any, call: bytes, store: str, cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await room.recorded(call)
    await room.hear(room.ordered(made["id"]))

    async def still_there(*_args: object) -> bool:
        return False

    monkeypatch.setattr(getattr(room.vault, store), "absent", still_there)
    await erase_due(room.means)
    [stuck] = await room.events("holding.stuck")
    assert stuck["cause"] == cause


async def test_nothing_is_destroyed_in_doubtful_time_until_the_tenant_is_let_go_on(room: Any, call: bytes) -> None:
    made = await room.recorded(call)
    await room.hear(room.ordered(made["id"]))
    async with room.database.work() as tx:
        await tx.execute("insert into clock_freezes (why) values ('time jumped')")
    await erase_due(room.means)
    assert await room.events("holding.erased") == []
    # Who looked at it and lets it go on for this tenant alone, does.
    async with room.database.transaction(TENANT) as tx:
        await release_tenant(tx, by="officer", because="the clock was put right")
    await erase_due(room.means)
    assert len(await room.events("holding.erased")) == 1


async def collected(room: Any, request: UUID, *subjects: UUID) -> dict[str, Any]:
    await room.hear(
        CollectionOrdered(
            order=room.ordered(UUID(int=1)).order, request=request, subjects=subjects, ordered_at=room.now
        )
    )
    await collect_due(room.means)
    told: dict[str, Any] = (await room.events("part.collected"))[-1]
    return told


async def test_a_part_says_which_recordings_carry_a_person_and_who_listened(room: Any, call: bytes) -> None:
    mine = await room.recorded(call)
    await room.recorded(
        call,
        parties=[
            {"party": "a", "subject": str(STRANGER), "kind": "customer", "channel": 0},
            {"party": "b", "kind": "staff", "channel": 1},
        ],
    )
    await room.grant(mine["id"])
    request = UUID(int=0x70)
    told = await collected(room, request, CUSTOMER)
    answer = await room.client.get(f"/v1/collections/{told['order']}/part", headers=room.order(request, CUSTOMER))
    assert (answer.status_code, told["items"], told["size"]) == (200, 1, len(answer.content))
    assert hashlib.sha256(answer.content).hexdigest() == told["sha256"]
    [item] = json.loads(answer.content)["items"]
    assert (item["kind"], item["id"], item["call"]) == ("recording", mine["id"], mine["call"])
    assert [party["party"] for party in item["parties"]] == ["customer", "agent"]
    assert [listened["roles"] for listened in item["listened"]] == [["case_handler"]]
    [copy] = await room.events("copy.registered")
    assert (copy["kind"], copy["holding"], copy["contains"]) == ("collection", told["part"], [mine["id"]])
    assert copy["ends_with"] == str(request)


async def test_a_part_is_given_for_its_own_request_and_order_only(room: Any) -> None:
    told = await collected(room, UUID(int=0x70), CUSTOMER)
    path = f"/v1/collections/{told['order']}/part"
    assert (await room.client.get(path, headers=room.order(UUID(int=0x71), CUSTOMER))).status_code == 404
    rendering = room.order(UUID(int=0x70), CUSTOMER, actions=("render",))
    assert (await room.client.get(path, headers=rendering)).status_code == 403
    assert (await room.client.get(path, headers=room.token(Role.PRIVACY_OFFICER))).status_code == 401
    missing = f"/v1/collections/{UUID(int=1)}/part"
    assert (await room.client.get(missing, headers=room.order(UUID(int=0x70), CUSTOMER))).status_code == 404


async def test_a_part_that_was_half_made_is_made_anew_elsewhere(
    room: Any, call: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    await room.recorded(call)

    async def fails(*_args: object) -> None:
        raise Unavailable("out_of_order")

    with monkeypatch.context() as broken:
        broken.setattr(room.vault.objects, "put", fails)
        with pytest.raises(Unavailable):
            await collected(room, UUID(int=0x70), CUSTOMER)
    [first] = await room.rows("select object_id, key_id from collections")
    await room.rows("update collections set due_at = recital_now() - interval '1 second'")
    await collect_due(room.means)
    [second] = await room.rows("select object_id, key_id, state from collections")
    assert second.state == "collected"
    assert (second.object_id, second.key_id) != (first.object_id, first.key_id)
    assert await room.vault.keys.absent(TENANT, [first.key_id])


async def test_a_part_ends_like_any_holding(room: Any, call: bytes) -> None:
    await room.recorded(call)
    told = await collected(room, UUID(int=0x70), CUSTOMER)
    [part] = await room.rows("select object_id, key_id from collections")
    await room.hear(room.ordered(told["part"], "collection"))
    path = f"/v1/collections/{told['order']}/part"
    assert (await room.client.get(path, headers=room.order(UUID(int=0x70), CUSTOMER))).status_code == 404
    await erase_due(room.means)
    [erased] = await room.events("holding.erased")
    [copy] = await room.events("copy.registered")
    assert [proof["place"] for proof in erased["proofs"]] == copy["places"]
    assert await room.vault.keys.absent(TENANT, [part.key_id])
    assert await room.vault.objects.absent(f"ingest/{part.object_id}")
    [row] = await room.rows("select subjects, state from collections")
    assert (row.subjects, row.state) == ([], "erased")
    await room.hear(room.ordered(told["part"], "collection"))
    await erase_due(room.means)
    assert len(await room.events("holding.erased")) == 2


async def test_a_part_is_not_made_for_a_tenant_that_is_not_known_yet(room: Any) -> None:
    await room.rows("delete from tenants")
    with pytest.raises(Unavailable, match="tenant_unknown"):
        await collected(room, UUID(int=0x70), CUSTOMER)
