"""Recordings read back whole: confirmed to their sender, or alarmed while the sender can still send them again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from recital_errors import Unavailable
from recital_events import TenantChanged
from recital_identity import Role
from recital_ingest.actions.clearing import collect
from recital_ingest.actions.confirming import measure, read_back_due
from recital_ingest.actions.erasing import erase_due
from recital_ingest.model.sound import Encoding, Sound

TENANT = UUID(int=2)


@pytest.fixture
def call(wav: Callable[..., bytes], samples: Callable[..., bytes]) -> bytes:
    sound = Sound(Encoding.MU_LAW, 2, 8_000)
    return wav(sound, samples(sound, 80_000))


async def shown(room: Any, recording: str) -> dict[str, Any]:
    answer = await room.client.get(f"/v1/recordings/{recording}", headers=room.token(Role.INTEGRATOR))
    found: dict[str, Any] = answer.json()
    return found


async def due_now(room: Any) -> None:
    await room.rows("update read_backs set due_at = recital_now() - interval '30 seconds'")


async def hurt(room: Any) -> None:
    """Damage the first track as a failing disk does."""
    [track] = await room.rows("select id from tracks where track = 0")
    sealed = bytearray(await room.vault.objects.read(f"ingest/{track.id}"))
    sealed[500] ^= 1
    await room.vault.objects.put(f"ingest/{track.id}", bytes(sealed))


async def test_a_recording_is_read_back_within_ten_minutes_and_its_sender_told_once(room: Any, call: bytes) -> None:
    made = await room.recorded(call)
    await read_back_due(room.means)
    assert await room.events("recording.confirmed") == []
    [planned] = await room.rows("select due_at - recital_now() as wait from read_backs")
    assert timedelta(seconds=50) < planned.wait <= timedelta(minutes=10)
    await due_now(room)
    told: list[tuple[int, float]] = []
    await measure(room.means, lambda count, seconds: told.append((count, seconds)))
    [(count, seconds)] = told
    assert (count, 30 <= seconds < 60) == (1, True)
    before = room.now
    await read_back_due(room.means)
    [confirmed] = await room.events("recording.confirmed")
    assert (confirmed["recording"], confirmed["call"]) == (made["id"], made["call"])
    assert (await shown(room, made["id"]))["confirmed_at"] is not None
    assert (await room.ledger())[-1] == "recording.confirmed"
    await due_now(room)
    await read_back_due(room.means)
    assert len(await room.events("recording.confirmed")) == 1
    headers = room.token(Role.INTEGRATOR)
    for since, found in ((before - timedelta(minutes=1), 1), (before + timedelta(hours=1), 0)):
        listed = await room.client.get("/v1/recordings", params={"confirmed_since": since.isoformat()}, headers=headers)
        assert len(listed.json()["items"]) == found


async def test_it_is_read_again_in_the_tenants_rhythm(room: Any, call: bytes) -> None:
    await room.recorded(call)
    changed = TenantChanged(
        tenant=TENANT,
        country="NL",
        time_zone="Europe/Amsterdam",
        languages=("nl",),
        number_region="NL",
        read_back_every="P7D",
        concurrent_uploads=3,
        changed_at=room.now,
    )
    await room.hear(changed)
    await due_now(room)
    await read_back_due(room.means)
    [planned] = await room.rows("select due_at - recital_now() as wait from read_backs")
    assert timedelta(days=6, hours=23) < planned.wait <= timedelta(days=7)


async def test_what_cannot_be_read_is_alarmed_and_may_be_sent_again_under_the_same_id(room: Any, call: bytes) -> None:
    permit = room.permit()
    made = (await room.send(permit, call)).json()
    await hurt(room)
    await due_now(room)
    await read_back_due(room.means)
    assert await room.alarms() == {"recording_damaged"}
    assert await room.events("recording.confirmed") == []
    found = await shown(room, made["id"])
    assert (found["confirmed_at"], found["damaged_at"] is not None) == (None, True)
    other = await room.send(permit, call[:-1] + b"?")
    assert (other.status_code, other.json()["code"]) == (403, "permit_used")
    assert await room.left() == (0, 1, 2, 0)
    # Also when the permit has expired meanwhile.
    await room.later("1 hour")
    again = await room.send(permit, call)
    assert (again.status_code, again.json()["id"]) == (201, made["id"])
    assert (await room.send(permit, call)).status_code == 200
    grant = (await room.grant(made["id"])).json()["id"]
    assert (await room.play(made["id"], grant)).content == call
    await collect(room.means)
    assert await room.left() == (0, 1, 2, 0)
    await due_now(room)
    await read_back_due(room.means)
    assert len(await room.events("recording.confirmed")) == 1
    [registered] = await room.events("copy.registered")
    await room.hear(room.ordered(made["id"]))
    await erase_due(room.means)
    [erased] = await room.events("holding.erased")
    [stored] = await room.events("recording.stored")
    proved = {each["place"]["id"] for each in erased["proofs"]}
    assert proved >= {each["id"] for each in [*registered["places"], *stored["places"]]}


async def test_what_was_trimmed_meanwhile_does_not_come_back(room: Any, call: bytes) -> None:
    permit = room.permit()
    made = (await room.send(permit, call)).json()
    await room.rows("update recordings set keep = '[[0, 100]]', damaged_at = recital_now()")
    answer = await room.send(permit, call)
    assert answer.status_code == 410
    assert await room.left() == (0, 1, 2, 0)
    assert (await shown(room, made["id"]))["damaged_at"] is not None


async def test_a_store_that_is_away_says_nothing_of_a_recording(
    room: Any, call: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    await room.recorded(call)
    await due_now(room)

    def away(*_args: object, **_named: object) -> None:
        raise Unavailable("object_store_unavailable")

    with monkeypatch.context() as broken:
        broken.setattr(room.vault, "reader", away)
        await read_back_due(room.means)
    assert await room.alarms() == set()
    [planned] = await room.rows("select due_at - recital_now() as wait, tries from read_backs")
    assert (planned.tries, planned.wait < timedelta(minutes=1)) == (1, True)


async def test_an_erased_recording_is_read_back_no_more(room: Any, call: bytes) -> None:
    made = await room.recorded(call)
    await room.hear(room.ordered(made["id"]))
    await due_now(room)
    await read_back_due(room.means)
    assert await room.rows("select * from read_backs") == []
