"""A part of a stored recording erased on retention's order: sealed anew, the old destroyed, at any point resumable."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from recital_errors import Unavailable
from recital_events import PermitReinstated, PermitRevoked, PermitSuspended, PurposeSpans
from recital_identity import Role
from recital_ingest.actions.crashpoints import CrashPoint
from recital_ingest.actions.erasing import erase_due
from recital_ingest.model.sound import Encoding, Sound

TENANT = UUID(int=2)
STEREO = Sound(Encoding.PCM_16, 2, 8_000)
SECOND = 8_000 * 4
HEADER = 44
KEPT = (PurposeSpans(purposes=("contract",), spans=((0, 3_000), (6_000, 10_000))),)


class KilledError(BaseException):
    """The process ends here."""


@pytest.fixture
def audio(samples: Callable[..., bytes]) -> bytes:
    return samples(STEREO, 80_000)


@pytest.fixture
def call(wav: Callable[..., bytes], audio: bytes) -> bytes:
    return wav(STEREO, audio)


@pytest.fixture
def left(audio: bytes) -> bytes:
    """What is heard after seconds 3 to 6 are gone."""
    return audio[: 3 * SECOND] + bytes(3 * SECOND) + audio[6 * SECOND :]


async def heard(room: Any, recording: str) -> bytes:
    grant = await room.grant(recording)
    assert grant.status_code == 201, grant.text
    answer = await room.play(recording, grant.json()["id"])
    assert answer.status_code == 200, answer.text
    return bytes(answer.content[HEADER:])


async def places(room: Any) -> tuple[list[UUID], list[UUID]]:
    """Return the objects and keys that the recordings' rows name."""
    tracks = await room.rows("select id, key_id from tracks order by track")
    originals = await room.rows("select original_key from recordings where original_key is not null")
    return [each.id for each in tracks], [each.key_id for each in tracks] + [each.original_key for each in originals]


async def destroyed(room: Any, objects: list[UUID], keys: list[UUID]) -> bool:
    gone = [await room.vault.objects.absent(f"ingest/{each}") for each in objects]
    return all(gone) and bool(await room.vault.keys.absent(TENANT, keys))


async def due_again(room: Any) -> None:
    await room.rows("update erasures set due_at = recital_now() - interval '1 second'")


async def test_only_what_may_stay_is_sealed_anew_and_every_old_place_is_proved_empty(
    room: Any, call: bytes, left: bytes
) -> None:
    made = await room.recorded(call)
    old = await places(room)
    order = room.ordered(made["id"], spans_kept=KEPT)
    await room.hear(order)
    # From the order on, with the old bytes still there.
    assert await heard(room, made["id"]) == left
    await erase_due(room.means)
    assert await heard(room, made["id"]) == left
    assert await destroyed(room, *old)
    [trimmed] = await room.events("recording.trimmed")
    assert trimmed["spans"] == [{"purposes": ["contract"], "spans": [[0, 3_000], [6_000, 10_000]]}]
    assert trimmed["order"] == str(order.order)
    objects, keys = await places(room)
    now_at = [*(f"ingest/{each}" for each in objects), *(str(each) for each in keys), made["id"]]
    assert [each["id"] for each in trimmed["places"]] == now_at
    proved = [*(f"ingest/{each}" for each in old[0]), *(str(each) for each in old[1])]
    assert [each["place"]["id"] for each in trimmed["proofs"]] == proved
    assert (await room.ledger())[-4:] == [
        "listening.granted",
        "recording.resealed",
        "listening.granted",
        "recording.trimmed",
    ] or (await room.ledger()).count("recording.trimmed") == 1
    # What is silenced is silence in the tracks themselves, not only in what is played.
    [track, *_] = await room.rows("select * from tracks order by track")
    reader = room.vault.reader(TENANT, UUID(made["id"]), 0, f"ingest/{track.id}", track.key_id, size=track.size)
    plain = b"".join([piece async for piece in reader.read()])
    assert plain[3 * 16_000 : 6 * 16_000] == bytes(3 * 16_000)
    assert plain[: 3 * 16_000] != bytes(3 * 16_000)
    await room.hear(order)
    await erase_due(room.means)
    assert len(await room.events("recording.trimmed")) == 1
    await room.hear(room.ordered(made["id"]))
    await erase_due(room.means)
    assert await destroyed(room, objects, keys)
    assert await room.left() == (0, 1, 0, 0)


@pytest.mark.parametrize("point", [CrashPoint.T1, CrashPoint.T2, CrashPoint.T3, CrashPoint.T4])
async def test_a_trim_that_dies_is_carried_on_and_there_is_always_one_lawful_version(
    room: Any, call: bytes, left: bytes, point: CrashPoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await room.recorded(call)
    old = await places(room)
    await room.hear(room.ordered(made["id"], spans_kept=KEPT))

    def crash(reached: CrashPoint) -> None:
        if reached is point:
            raise KilledError

    with monkeypatch.context() as killed:
        killed.setattr(room.means, "crash", crash)
        with pytest.raises(KilledError):
            await erase_due(room.means)
    assert await heard(room, made["id"]) == left
    [first] = await room.rows("select new_objects, new_keys from erasures")
    await due_again(room)
    await erase_due(room.means)
    assert await heard(room, made["id"]) == left
    assert await destroyed(room, *old)
    assert await destroyed(room, first.new_objects, first.new_keys)
    assert len(await room.events("recording.trimmed")) == 1
    assert await room.left() == (0, 1, 2, 0)


async def test_a_recording_erased_as_a_whole_takes_its_unfinished_trim_along(
    room: Any, call: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await room.recorded(call)
    await room.hear(room.ordered(made["id"], spans_kept=KEPT))

    def crash(reached: CrashPoint) -> None:
        if reached is CrashPoint.T2:
            raise KilledError

    with monkeypatch.context() as killed:
        killed.setattr(room.means, "crash", crash)
        with pytest.raises(KilledError):
            await erase_due(room.means)
    await room.hear(room.ordered(made["id"]))
    await erase_due(room.means)
    await due_again(room)
    await erase_due(room.means)
    assert await room.left() == (0, 1, 0, 0)
    assert len(await room.events("holding.erased")) == 2


async def test_where_nothing_may_stay_the_whole_recording_goes(room: Any, call: bytes) -> None:
    made = await room.recorded(call)
    beyond = (PurposeSpans(purposes=("contract",), spans=((20_000, 30_000),)),)
    await room.hear(room.ordered(made["id"], spans_kept=beyond))
    assert (await room.grant(made["id"])).status_code == 410
    await erase_due(room.means)
    assert await room.left() == (0, 1, 0, 0)


async def test_a_trim_that_cannot_be_made_is_told_alarmed_and_tried_again(
    room: Any, call: bytes, left: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await room.recorded(call)
    await room.hear(room.ordered(made["id"], spans_kept=KEPT))

    async def fails(*_args: object) -> None:
        raise Unavailable("out_of_order")

    with monkeypatch.context() as broken:
        broken.setattr(room.vault.objects, "put", fails)
        await erase_due(room.means)
    [stuck] = await room.events("holding.stuck")
    assert stuck["cause"] == "out_of_order"
    assert await room.alarms() == {"erasure_stuck"}
    assert await heard(room, made["id"]) == left
    await due_again(room)
    await erase_due(room.means)
    assert len(await room.events("recording.trimmed")) == 1
    assert await room.left() == (0, 1, 2, 0)


async def test_a_revoked_permit_leaves_what_remains_and_a_suspended_one_nothing(
    room: Any, call: bytes, left: bytes, audio: bytes
) -> None:
    made = await room.recorded(call)
    grant = (await room.grant(made["id"])).json()["id"]
    permit, of = UUID(made["permit"]), UUID(made["call"])
    await room.hear(PermitSuspended(permit=permit, call=of, suspended_at=room.now, reason="marked_private"))
    answer = await room.play(made["id"], grant)
    assert (answer.status_code, answer.json()["code"]) == (403, "permit_suspended")
    assert (await room.grant(made["id"])).json()["code"] == "permit_suspended"
    officer = room.token(Role.PRIVACY_OFFICER)
    glass = await room.grant(made["id"], officer, purpose="break_glass", ticket="T-1")
    assert glass.json()["code"] == "permit_suspended"
    await room.hear(PermitReinstated(permit=permit, call=of, reinstated_at=room.now))
    assert (await room.play(made["id"], grant)).content[HEADER:] == audio
    await room.hear(
        PermitSuspended(permit=permit, call=of, suspended_at=room.now, reason="late_entry"),
        PermitRevoked(permit=permit, call=of, recording_spans=KEPT, revoked_at=room.now, reason="late_entry"),
    )
    assert (await room.play(made["id"], grant)).content[HEADER:] == left
