"""Texts beside recordings, and waveforms: sealed, given to those who may, gone with the recording."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from recital_errors import Unavailable
from recital_events import CollectionOrdered, PurposeSpans, RectificationDecided
from recital_identity import Role
from recital_ingest.actions.annotating import rectify_due
from recital_ingest.actions.collecting import collect_due
from recital_ingest.actions.erasing import erase_due
from recital_ingest.model.sound import Encoding, Sound

TENANT, CUSTOMER = UUID(int=2), UUID(int=4)
TEXT = "The customer said Maple Street, not Marble Street."


@pytest.fixture
def call(wav: Callable[..., bytes], samples: Callable[..., bytes]) -> bytes:
    sound = Sound(Encoding.PCM_16, 2, 8_000)
    return wav(sound, samples(sound, 80_000))


async def beside(room: Any, recording: str) -> list[dict[str, Any]]:
    path = f"/v1/recordings/{recording}/annotations"
    answer = await room.client.get(path, headers=room.token(Role.CASE_HANDLER))
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def decided(room: Any, recording: str, kind: str = "recording") -> RectificationDecided:
    facts = {"rectification": UUID(int=80), "request": UUID(int=81), "holding": recording, "kind": kind}
    return RectificationDecided.model_validate(facts | {"decided_at": room.now})


async def test_a_note_stands_beside_the_recording_sealed_and_goes_with_it(room: Any, call: bytes) -> None:
    made = await room.recorded(call)
    path = f"/v1/recordings/{made['id']}/annotations"
    officer = room.token(Role.PRIVACY_OFFICER, subject="officer")
    answer = await room.client.post(path, json={"text": TEXT}, headers=officer)
    assert answer.status_code == 201, answer.text
    [found] = await beside(room, made["id"])
    assert (found["kind"], found["author"], found["text"]) == ("note", "officer", TEXT)
    [row] = await room.rows("select row_to_json(a)::text as all, sealed, key_id from annotations a")
    assert ("Maple" in row.all, b"Maple" in row.sealed) == (False, False)
    await room.hear(
        CollectionOrdered(order=UUID(int=82), request=UUID(int=81), subjects=(CUSTOMER,), ordered_at=room.now)
    )
    await collect_due(room.means)
    part = await room.client.get(f"/v1/collections/{UUID(int=82)}/part", headers=room.order(UUID(int=81), CUSTOMER))
    [item] = json.loads(part.content)["items"]
    assert [each["text"] for each in item["annotations"]] == [TEXT]
    await room.hear(room.ordered(made["id"]))
    await erase_due(room.means)
    assert await room.vault.keys.absent(TENANT, [row.key_id])
    assert await room.rows("select * from annotations") == []
    [erased] = await room.events("holding.erased")
    assert str(row.key_id) in {each["place"]["id"] for each in erased["proofs"]}
    assert (await room.client.post(path, json={"text": TEXT}, headers=officer)).status_code == 410
    assert (await room.client.get(path, headers=officer)).status_code == 410


async def test_a_correction_is_fetched_from_dsar_and_stands_beside_the_recording_once(room: Any, call: bytes) -> None:
    made = await room.recorded(call)
    await room.hear(decided(room, made["id"]), decided(room, made["id"]), decided(room, made["id"], "call"))
    room.neighbours.silent = {"dsar"}
    with pytest.raises(Unavailable):
        await rectify_due(room.means)
    room.neighbours.silent = set()
    await room.rows("update rectifications set due_at = recital_now() - interval '1 second'")
    room.neighbours.rectification = {"holding": made["id"], "kind": "recording", "text": TEXT}
    await rectify_due(room.means)
    await rectify_due(room.means)
    [found] = await beside(room, made["id"])
    assert (found["kind"], found["author"], found["text"]) == ("rectification", "dsar", TEXT)
    assert (await room.ledger())[-1] == "recording.annotated"


async def test_a_correction_of_what_is_gone_is_done(room: Any, call: bytes) -> None:
    made = await room.recorded(call)
    await room.hear(decided(room, made["id"]))
    await rectify_due(room.means)
    assert await beside(room, made["id"]) == []
    assert [row.state for row in await room.rows("select state from rectifications")] == ["done"]
    await room.rows("update rectifications set state = 'ordered', due_at = recital_now() - interval '1 second'")
    room.neighbours.rectification = {"holding": made["id"], "kind": "recording", "text": TEXT}
    await room.hear(room.ordered(made["id"]))
    await rectify_due(room.means)
    assert [row.state for row in await room.rows("select state from rectifications")] == ["done"]


async def waveform(room: Any, recording: str) -> httpx.Response:
    grant = (await room.grant(recording)).json()["id"]
    headers = room.token(Role.CASE_HANDLER)
    answer: httpx.Response = await room.client.get(
        f"/v1/recordings/{recording}/waveform", params={"grant": grant}, headers=headers
    )
    return answer


async def test_a_waveform_is_computed_once_sealed_and_level_where_the_purpose_does_not_reach(
    room: Any, call: bytes
) -> None:
    made = await room.recorded(call)
    first = await waveform(room, made["id"])
    assert (first.status_code, first.headers["cache-control"]) == (200, "no-store"), first.text
    peaks = first.json()
    assert (peaks["channels"], peaks["length"], len(peaks["data"][1])) == (2, 1_000, 2_000)
    [row] = await room.rows("select object_id, key_id from waveforms")
    assert (await waveform(room, made["id"])).json() == peaks
    [again] = await room.rows("select object_id, key_id from waveforms")
    assert again == row
    [registered] = await room.events("copy.registered")
    assert [each["id"] for each in registered["places"]] == [f"ingest/{row.object_id}", str(row.key_id)]
    assert b"data" not in await room.vault.objects.read(f"ingest/{row.object_id}")
    kept = (PurposeSpans(purposes=("contract",), spans=((0, 5_000),)),)
    await room.hear(room.ordered(made["id"], spans_kept=kept))
    level = (await waveform(room, made["id"])).json()["data"][0]
    assert (level[:1_000] == peaks["data"][0][:1_000], set(level[1_000:])) == (True, {0})
    await erase_due(room.means)
    assert await room.vault.keys.absent(TENANT, [row.key_id])
    assert (await waveform(room, made["id"])).json()["data"][0] == level
    await room.hear(room.ordered(made["id"]))
    await erase_due(room.means)
    assert await room.left() == (0, 1, 0, 0)


async def test_a_waveform_that_was_half_made_is_made_anew(
    room: Any, call: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await room.recorded(call)

    async def fails(*_args: object) -> None:
        raise Unavailable("out_of_order")

    with monkeypatch.context() as broken:
        broken.setattr(room.vault.objects, "put", fails)
        assert (await waveform(room, made["id"])).status_code == 503
    assert await room.rows("select * from waveforms") == []
    # A process that died leaves its row; another waits for its lease.
    await room.rows(
        "insert into waveforms (tenant_id, recording_id, object_id, key_id, lease_until)"
        " values (current_setting('app.tenant')::uuid, :id, recital_id(), recital_id(),"
        " recital_now() + interval '1 minute')",
        id=made["id"],
    )
    assert (await waveform(room, made["id"])).json()["code"] == "waveform_under_way"
    await room.rows("update waveforms set lease_until = recital_now() - interval '1 second'")
    assert (await waveform(room, made["id"])).status_code == 200
