"""Leave to listen and playback, through the door, on real servers."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from recital_events import ClockExpired, PermitRevoked, PurposeSpans, RequestClosed
from recital_identity import Role
from recital_ingest.model.sound import Encoding, Sound

RoomOf = Callable[..., Awaitable[Any]]
MakeWav = Callable[..., bytes]
MakeSamples = Callable[..., bytes]
CUSTOMER, AGENT, PURPOSE, STRANGER = UUID(int=4), UUID(int=5), UUID(int=6), UUID(int=44)
STEREO = Sound(Encoding.PCM_16, 2, 8_000)
FRAME = 4
SECOND = 8_000 * FRAME
HEADER = 44


@pytest.fixture
def audio(samples: MakeSamples) -> bytes:
    return samples(STEREO, 80_000)


@pytest.fixture
def call(wav: MakeWav, audio: bytes) -> bytes:
    return wav(STEREO, audio, before=((b"LIST", b"abc"),), after=((b"bext", b"12345"),))


async def granted(room: Any, recording: str, who: dict[str, str] | None = None, **wish: Any) -> str:
    answer = await room.grant(recording, who, **wish)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_a_recording_without_masks_is_played_back_byte_for_byte(room: Any, call: bytes) -> None:
    # R21: the original, never encoded anew.
    recording = (await room.recorded(call))["id"]
    answer = await room.play(recording, await granted(room, recording))
    assert (answer.status_code, answer.content == call) == (200, True)
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert await room.ledger() == ["recording.stored", "listening.granted"]
    assert [row.played_at is not None for row in await room.rows("select played_at from grants")] == [True]


@pytest.mark.parametrize("asked", ["bytes=0-0", "bytes=40-99", "bytes=70000-200000", "bytes=-30", "bytes=319000-"])
async def test_any_range_is_that_range_of_the_whole(room: Any, call: bytes, asked: str) -> None:
    recording = (await room.recorded(call))["id"]
    answer = await room.play(recording, await granted(room, recording), ranges=asked)
    start, stop = answer.headers["content-range"].removeprefix("bytes ").partition("/")[0].split("-")
    assert (answer.status_code, answer.content) == (206, call[int(start) : int(stop) + 1])


async def test_several_ranges_come_in_parts_and_none_in_the_file_is_416(room: Any, call: bytes) -> None:
    recording = (await room.recorded(call))["id"]
    grant = await granted(room, recording)
    several = await room.play(recording, grant, ranges="bytes=0-9, 100-199,-5")
    assert several.status_code == 206
    boundary = several.headers["content-type"].partition("boundary=")[2].encode()
    parts = several.content.split(b"--" + boundary)
    assert [part.partition(b"\r\n\r\n")[2][:-2] for part in parts[1:-1]] == [call[:10], call[100:200], call[-5:]]
    assert int(several.headers["content-length"]) == len(several.content)
    changed = await room.client.get(
        f"/v1/recordings/{recording}/audio",
        params={"grant": grant},
        headers=room.token(Role.CASE_HANDLER) | {"Range": "bytes=0-9", "If-Range": '"some"'},
    )
    assert (changed.status_code, changed.content == call) == (200, True)
    none = await room.play(recording, grant, ranges="bytes=99999999-")
    assert (none.status_code, none.headers["content-range"]) == (416, f"bytes */{len(call)}")


async def test_a_muted_party_is_silence_and_the_other_is_heard(room: Any, call: bytes, audio: bytes) -> None:
    recording = (await room.recorded(call))["id"]
    answer = await room.play(recording, await granted(room, recording), mute="agent")
    expected = bytearray(audio)
    expected[2::4] = expected[3::4] = bytes(80_000)
    assert (answer.status_code, answer.content[HEADER:] == bytes(expected)) == (200, True)


async def test_a_muted_partys_track_is_not_even_opened(room: Any, call: bytes) -> None:
    recording = (await room.recorded(call))["id"]
    grant = await granted(room, recording)
    [agents] = await room.rows("select id, key_id from tracks where track = 1")
    await room.vault.keys.destroy(UUID(int=2), [agents.key_id])
    await room.vault.objects.erase(f"ingest/{agents.id}")
    assert (await room.play(recording, grant, mute="agent")).status_code == 200
    assert (await room.play(recording, grant)).status_code == 410


@pytest.mark.parametrize(
    ("mute", "status", "code"), [("nobody", 422, "party_unknown"), ("agent", 409, "not_separable")]
)
async def test_what_cannot_be_muted_is_refused(
    room: Any, wav: MakeWav, samples: MakeSamples, mute: str, status: int, code: str
) -> None:
    mono = Sound(Encoding.A_LAW, 1, 8_000)
    parties = [
        {"party": "customer", "subject": str(CUSTOMER), "kind": "customer", "channel": 0},
        {"party": "agent", "subject": str(AGENT), "kind": "staff", "channel": 0},
    ]
    recording = (await room.recorded(wav(mono, samples(mono, 80_000)), parties=parties))["id"]
    answer = await room.play(recording, await granted(room, recording), mute=mute)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_only_the_purposes_own_spans_are_heard_with_right_sizes(room: Any, call: bytes, audio: bytes) -> None:
    both = {
        "purposes": [
            {"id": str(PURPOSE), "key": "contract", "version": 1},
            {"id": str(UUID(int=7)), "key": "training", "version": 1},
        ],
        "spans": [
            {"purposes": ["contract"], "spans": [[1_000, 3_000]]},
            {"purposes": ["training"], "spans": [[0, 10_000]]},
        ],
    }
    made = await room.recorded(call, **both)
    assert made["unmasked"]
    answer = await room.play(made["id"], await granted(room, made["id"]))
    expected = bytes(SECOND) + audio[SECOND : 3 * SECOND] + bytes(7 * SECOND)
    assert (len(answer.content), answer.content[HEADER:] == expected) == (HEADER + 10 * SECOND, True)


async def test_no_log_no_listen(room: Any, call: bytes) -> None:
    # R10: the entry comes before the first byte.
    recording = (await room.recorded(call))["id"]
    await room.owner("revoke insert on ledger_entries from ingest_app")
    assert (await room.grant(recording)).status_code == 500
    assert await room.rows("select * from grants") == []


@pytest.mark.parametrize(
    ("role", "wish", "codes"),
    [
        (Role.REVIEWER, {}, ["role_not_in_purpose"]),
        (Role.CASE_HANDLER, {"purpose": "marketing"}, ["purpose_not_recorded", "nothing_remains"]),
        (Role.CASE_HANDLER, {"purpose": "subject_request"}, ["role_not_in_purpose"]),
        (Role.PRIVACY_OFFICER, {"purpose": "subject_request"}, ["request_not_open"]),
    ],
)
async def test_a_refusal_names_every_rule_and_is_in_the_ledger(
    room: Any, call: bytes, role: Role, wish: dict[str, str], codes: list[str]
) -> None:
    # R05, R10: a refusal is an entry too.
    recording = (await room.recorded(call))["id"]
    answer = await room.grant(recording, room.token(role), **wish)
    assert (answer.status_code, [reason["code"] for reason in answer.json()["reasons"]]) == (403, codes)
    assert await room.ledger() == ["recording.stored", "listening.refused"]
    [kept] = await room.rows("select refused, expires_at from grants")
    assert (kept.refused, kept.expires_at) == (codes, None)


async def test_a_role_that_hears_nothing_is_refused_before_existence_is_looked_at(room: Any) -> None:
    # R10
    for role in (Role.INTEGRATOR, Role.AUDITOR, Role.TENANT_ADMIN):
        assert (await room.grant(str(UUID(int=1)), room.token(role))).status_code == 403


@pytest.mark.parametrize(
    ("clock", "restricted", "codes"),
    [
        ({"expired": True}, False, ["clock_expired"]),
        ({"key": "other"}, False, ["clock_expired"]),
        ({"due_at": None}, True, ["restricted"]),
    ],
)
async def test_what_retention_says_ends_listening(
    room: Any, call: bytes, clock: dict[str, Any], *, restricted: bool, codes: list[str]
) -> None:
    recording = (await room.recorded(call))["id"]
    room.neighbours.clock, room.neighbours.restricted = clock, restricted
    answer = await room.grant(recording)
    assert [reason["code"] for reason in answer.json()["reasons"]] == codes


async def test_without_retentions_word_there_is_no_grant(room: Any, call: bytes) -> None:
    recording = (await room.recorded(call))["id"]
    room.neighbours.silent = {"retention"}
    answer = await room.grant(recording)
    assert (answer.status_code, answer.json()["code"]) == (503, "retention_unavailable")
    assert await room.ledger() == ["recording.stored"]


async def test_a_recording_past_the_point_of_no_return_is_gone(room: Any, call: bytes) -> None:
    recording = (await room.recorded(call))["id"]
    room.neighbours.destruction_began = True
    assert (await room.grant(recording)).status_code == 410


async def test_a_grant_ends_after_fifteen_minutes_and_with_its_purposes_clock(room: Any, call: bytes) -> None:
    recording = (await room.recorded(call))["id"]
    early, late = await granted(room, recording), await granted(room, recording)
    assert (await room.play(recording, early)).status_code == 200
    await room.hear(ClockExpired(recording=UUID(recording), purpose=PURPOSE, key="contract", expired_at=room.now))
    answer = await room.play(recording, early)
    assert (answer.status_code, answer.json()["code"]) == (403, "clock_expired")
    await room.later("15 minutes")
    answer = await room.play(recording, late)
    assert (answer.status_code, answer.json()["code"]) == (403, "grant_expired")
    assert (await room.ledger())[-2:] == ["listening.refused"] * 2


async def test_a_grant_is_good_for_its_holder_and_its_recording_only(room: Any, call: bytes) -> None:
    # R09: a link that is passed on opens nothing.
    recording = (await room.recorded(call))["id"]
    other = (await room.recorded(call, call=str(UUID(int=0x77))))["id"]
    grant = await granted(room, recording)
    somebody_else = room.token(Role.CASE_HANDLER, subject="somebody else")
    for answer in (
        await room.play(recording, grant, somebody_else),
        await room.play(other, grant),
        await room.play(recording, str(UUID(int=1))),
        await room.play(recording, grant, room.token(Role.CASE_HANDLER, tenant=UUID(int=102))),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_another_tenants_recording_answers_like_a_missing_one(room: Any, call: bytes) -> None:
    recording = (await room.recorded(call))["id"]
    theirs = room.token(Role.CASE_HANDLER, tenant=UUID(int=102))
    for path in ("", "/audio?grant=" + str(UUID(int=1))):
        found = await room.client.get(f"/v1/recordings/{recording}{path}", headers=theirs)
        missing = await room.client.get(f"/v1/recordings/{UUID(int=1)}{path}", headers=theirs)
        assert (found.status_code, found.json()) == (404, missing.json())
        assert {name for name in found.headers if name != "traceparent"} == {
            name for name in missing.headers if name != "traceparent"
        }
    listed = await room.client.get("/v1/recordings", headers=theirs)
    assert listed.json() == {"items": [], "next_cursor": None}


async def test_a_revoked_permit_leaves_only_what_remains_from_that_moment(room: Any, call: bytes, audio: bytes) -> None:
    made = await room.recorded(call)
    grant = await granted(room, made["id"])

    async def revoke(*spans: PurposeSpans) -> None:
        await room.hear(
            PermitRevoked(
                permit=UUID(made["permit"]),
                call=UUID(made["call"]),
                recording_spans=spans,
                revoked_at=room.now,
                reason="objected",
            )
        )

    await revoke(PurposeSpans(purposes=("contract",), spans=((0, 2_000),)))
    answer = await room.play(made["id"], grant)
    assert answer.content[HEADER:] == audio[: 2 * SECOND] + bytes(8 * SECOND)
    await revoke()
    answer = await room.play(made["id"], grant)
    assert (answer.status_code, answer.json()["code"]) == (403, "nothing_remains")
    assert (await room.grant(made["id"])).json()["code"] == "nothing_remains"


async def test_a_privacy_officer_hears_the_items_of_an_open_request(room: Any, call: bytes) -> None:
    recording = (await room.recorded(call))["id"]
    officer = room.token(Role.PRIVACY_OFFICER)
    room.neighbours.clock, room.neighbours.restricted = {"expired": True}, True
    request = await room.request_received(CUSTOMER)
    grant = await granted(room, recording, officer, purpose="subject_request", request=str(request))
    assert (await room.play(recording, grant, officer)).content == call
    foreign = await room.request_received(STRANGER)
    answer = await room.grant(recording, officer, purpose="subject_request", request=str(foreign))
    assert answer.json()["code"] == "not_of_this_request"
    await room.hear(RequestClosed(request=request, outcome="delivered", closed_at=room.now))
    answer = await room.grant(recording, officer, purpose="subject_request", request=str(request))
    assert answer.json()["code"] == "request_not_open"


async def test_dsar_renders_a_recording_of_the_person_who_asked_and_no_other(room: Any, call: bytes) -> None:
    recording = (await room.recorded(call))["id"]
    request = UUID(int=0x70)
    theirs = room.order(request, CUSTOMER)
    grant = await granted(room, recording, theirs, purpose="subject_request")
    assert (await room.play(recording, grant, theirs, mute="agent")).status_code == 200
    assert "retention/v1" not in "".join(room.neighbours.asked)
    for other in (room.order(UUID(int=0x71), CUSTOMER), room.token(Role.PRIVACY_OFFICER)):
        assert (await room.play(recording, grant, other)).status_code == 404
    stranger = await room.grant(recording, room.order(request, STRANGER), purpose="subject_request")
    assert (stranger.status_code, stranger.json()["code"]) == (403, "not_of_this_request")
    collecting_only = await room.grant(recording, room.order(request, CUSTOMER, actions=("collect",)))
    assert (collecting_only.status_code, collecting_only.json()["code"]) == (403, "action_not_ordered")


async def test_damaged_audio_is_not_given_out_and_alarmed(room: Any, call: bytes) -> None:
    recording = (await room.recorded(call))["id"]
    grant = await granted(room, recording)
    [track] = await room.rows("select id from tracks where track = 0")
    key = f"ingest/{track.id}"
    sealed = bytearray(await room.vault.objects.read(key))
    sealed[500] ^= 1
    await room.vault.objects.put(key, bytes(sealed))
    answer = await room.play(recording, grant)
    assert (answer.status_code, answer.json()["code"]) == (503, "seal_broken")
    assert await room.alarms() == {"recording_damaged"}


async def test_a_damaged_header_is_not_given_out_either(room: Any, call: bytes) -> None:
    recording = (await room.recorded(call))["id"]
    grant = await granted(room, recording)
    await room.rows("update recordings set original = '\\x01020304'")
    assert (await room.play(recording, grant)).json()["code"] == "seal_broken"
    await room.vault.keys.destroy(
        UUID(int=2), [row.original_key for row in await room.rows("select original_key from recordings")]
    )
    assert (await room.play(recording, grant)).status_code == 410


async def test_recordings_are_listed_by_call_and_by_page(room: Any, call: bytes, wav: MakeWav) -> None:
    made = [await room.recorded(call, call=str(UUID(int=0x70 + number))) for number in range(3)]
    headers = room.token(Role.AUDITOR)
    first = (await room.client.get("/v1/recordings", params={"limit": 2}, headers=headers)).json()
    rest = (
        await room.client.get("/v1/recordings", params={"limit": 2, "cursor": first["next_cursor"]}, headers=headers)
    ).json()
    assert [each["id"] for each in first["items"] + rest["items"]] == [each["id"] for each in made]
    assert rest["next_cursor"] is None
    of_one = (await room.client.get("/v1/recordings", params={"call": made[1]["call"]}, headers=headers)).json()
    assert of_one["items"] == [made[1]]
    one = await room.client.get(f"/v1/recordings/{made[1]['id']}", headers=headers)
    assert one.json() == made[1]
