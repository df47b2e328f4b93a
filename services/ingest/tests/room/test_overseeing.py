"""What others decided binds who may listen, and listening itself is looked at: on real servers, through the door."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from recital_events import (
    HoldPlaced,
    HoldReleased,
    PermitRevoked,
    RestrictionLifted,
    RestrictionSet,
    SubjectMerged,
    SubjectSplit,
    TenantClosed,
    TenantErased,
)
from recital_identity import Role
from recital_ingest.actions.clearing import KeySweep
from recital_ingest.actions.forgetting import forget_listening
from recital_ingest.model.sound import Encoding, Sound

ENDED = UUID(int=0xE2A5ED)
TENANT, CUSTOMER, AGENT, STRANGER = UUID(int=2), UUID(int=4), UUID(int=5), UUID(int=44)


@pytest.fixture
def call(wav: Callable[..., bytes], samples: Callable[..., bytes]) -> bytes:
    sound = Sound(Encoding.MU_LAW, 2, 8_000)
    return wav(sound, samples(sound, 80_000))


async def test_a_restricted_recording_is_not_heard_but_for_a_legal_claim(room: Any, call: bytes) -> None:
    made = await room.recorded(call)
    grant = (await room.grant(made["id"])).json()["id"]
    facts = {"restriction": UUID(int=70), "request": UUID(int=71), "holding": made["id"], "kind": "recording"}
    await room.hear(RestrictionSet.model_validate(facts | {"ground": "accuracy_contested", "set_at": room.now}))
    answer = await room.play(made["id"], grant)
    assert (answer.status_code, answer.json()["code"]) == (403, "restricted")
    assert (await room.grant(made["id"])).json()["code"] == "restricted"
    counsel = room.token(Role.LEGAL_COUNSEL)
    assert (await room.grant(made["id"], counsel, purpose="legal_claims")).json()["code"] == "not_held"
    hold = {"hold": UUID(int=72), "holding": made["id"], "kind": "recording"}
    await room.hear(HoldPlaced.model_validate(hold | {"placed_at": room.now}))
    heard = (await room.grant(made["id"], counsel, purpose="legal_claims")).json()["id"]
    assert (await room.play(made["id"], heard, counsel)).content == call
    await room.hear(RestrictionLifted.model_validate(facts | {"lifted_at": room.now}))
    assert (await room.play(made["id"], grant)).status_code == 200
    # A hold outranks a late entry: whole for the claim, and for nobody else.
    revoked = PermitRevoked(
        permit=made["permit"], call=made["call"], recording_spans=(), revoked_at=room.now, reason="late_entry"
    )
    await room.hear(revoked)
    assert (await room.play(made["id"], heard, counsel)).content == call
    assert (await room.play(made["id"], grant)).json()["code"] == "restricted"
    await room.hear(HoldReleased.model_validate(hold | {"released_at": room.now}))
    assert (await room.play(made["id"], heard, counsel)).json()["code"] == "not_held"


async def test_what_others_decide_of_other_holdings_is_passed_over(room: Any) -> None:
    facts = {"restriction": UUID(int=70), "request": UUID(int=71), "holding": UUID(int=73), "kind": "call"}
    hold = {"hold": UUID(int=72), "holding": UUID(int=73), "kind": "call"}
    await room.hear(
        RestrictionSet.model_validate(facts | {"ground": "unlawful", "set_at": room.now}),
        RestrictionLifted.model_validate(facts | {"lifted_at": room.now}),
        HoldPlaced.model_validate(hold | {"placed_at": room.now}),
        HoldReleased.model_validate(hold | {"released_at": room.now}),
    )
    assert await room.rows("select id from restrictions union select id from holds") == []


async def test_no_reason_lies_in_plain_text_and_none_is_kept_past_two_years(room: Any, call: bytes) -> None:
    made = await room.recorded(call)
    await room.grant(made["id"], reason="the customer of the blue house")
    await room.grant(made["id"], reason="again")
    [first, second] = await room.rows("select row_to_json(g)::text as all, texts, texts_key from grants g order by id")
    assert "blue house" not in first.all
    assert (b"blue house" in first.texts, first.texts_key == second.texts_key) == (False, True)
    await room.later("2 hours")
    await KeySweep(room.means).run()
    assert not await room.vault.keys.absent(TENANT, [first.texts_key])
    await room.later("2 years 2 months")
    room.database.clock.frozen = None
    await forget_listening(room.means)
    assert await room.rows("select * from grants") == []
    assert await room.vault.keys.absent(TENANT, [first.texts_key])
    assert await room.rows("select * from text_keys") == []


async def test_a_list_of_recordings_is_judged_one_by_one(room: Any, call: bytes) -> None:
    made = [(await room.recorded(call))["id"] for _ in range(2)]
    hold = {"hold": UUID(int=72), "holding": made[0], "kind": "recording"}
    await room.hear(HoldPlaced.model_validate(hold | {"placed_at": room.now}))
    counsel = room.token(Role.LEGAL_COUNSEL)
    wish = {"recordings": [*made, made[0], str(UUID(int=99))], "purpose": "legal_claims", "reason": "a claim"}
    answer = await room.client.post("/v1/grants", json=wish, headers=counsel)
    assert answer.status_code == 201, answer.text
    items = answer.json()["items"]
    assert [each["recording"] for each in items] == [*made, str(UUID(int=99))]
    assert [each["refused"] for each in items] == [None, "not_held", "not_found"]
    assert (await room.play(made[0], items[0]["grant"]["id"], counsel)).content == call
    assert sorted((await room.ledger())[-2:]) == ["listening.granted", "listening.refused"]
    assert (await room.client.post("/v1/grants", json=wish | {"recordings": []}, headers=counsel)).status_code == 422


async def test_broken_glass_is_alarmed_and_listed_until_somebody_else_has_looked(room: Any, call: bytes) -> None:
    made = await room.recorded(call)
    officer = room.token(Role.PRIVACY_OFFICER, subject="officer")
    assert (await room.grant(made["id"], officer, purpose="break_glass")).json()["code"] == "ticket_missing"
    wish = {"purpose": "break_glass", "reason": "a threat was reported", "ticket": "T-7"}
    grant = (await room.grant(made["id"], officer, **wish)).json()["id"]
    assert (await room.play(made["id"], grant, officer)).content == call
    assert await room.alarms() == {"break_glass"}
    [listed] = (await room.client.get("/v1/broken-glass", headers=room.token(Role.AUDITOR))).json()["items"]
    assert (listed["grant"], listed["listener"], listed["reason"], listed["ticket"]) == (
        grant,
        "officer",
        "a threat was reported",
        "T-7",
    )
    path, finding = f"/v1/broken-glass/{grant}/review", {"finding": "it was needed"}
    other = room.token(Role.PRIVACY_OFFICER, subject="another officer")
    for who, status in ((officer, 403), (other, 204), (other, 409)):
        assert (await room.client.post(path, json=finding, headers=who)).status_code == status
    unknown = f"/v1/broken-glass/{UUID(int=1)}/review"
    assert (await room.client.post(unknown, json=finding, headers=other)).status_code == 404
    for query, count in (("", 0), ("?reviewed=true", 1)):
        found = await room.client.get(f"/v1/broken-glass{query}", headers=other)
        assert len(found.json()["items"]) == count
    assert (await room.ledger())[-1] == "listening.reviewed"


async def test_a_quarters_report_says_who_may_listen_and_who_did(room: Any, call: bytes) -> None:
    # R10
    made = await room.recorded(call)
    grant = (await room.grant(made["id"])).json()["id"]
    await room.play(made["id"], grant)
    await room.grant(made["id"], room.token(Role.REVIEWER, subject="curious"))
    now = room.now
    named = f"{now.year}-Q{(now.month - 1) // 3 + 1}"
    found = (await room.client.get(f"/v1/access-reports/{named}", headers=room.token(Role.AUDITOR))).json()
    assert [(each["purpose"], each["version"], each["roles"]) for each in found["may"]] == [
        ("contract", 1, ["case_handler"])
    ]
    counts = [(each["listener"], each["granted"], each["refused"], each["played"]) for each in found["did"]]
    assert counts == [("curious", 0, 1, 0), ("somebody", 1, 0, 1)]
    wrong = await room.client.get("/v1/access-reports/2026", headers=room.token(Role.AUDITOR))
    assert (wrong.status_code, wrong.json()["code"]) == (422, "quarter_malformed")


async def test_staff_see_who_listened_to_their_own_calls(room: Any, call: bytes) -> None:
    made = await room.recorded(call)
    other_party = [{"party": "agent", "subject": str(STRANGER), "kind": "staff", "channel": 0}]
    await room.grant(
        (await room.recorded(call, parties=[*other_party, {"party": "b", "kind": "staff", "channel": 1}]))["id"]
    )
    grant = (await room.grant(made["id"])).json()["id"]
    room.neighbours.staff = AGENT
    answer = await room.client.get("/v1/listened-to-me", headers=room.token(Role.STAFF))
    assert [(each["id"], each["recording"], each["roles"]) for each in answer.json()["items"]] == [
        (grant, made["id"], ["case_handler"])
    ]
    assert (await room.client.get("/v1/listened-to-me", headers=room.token(Role.INTEGRATOR))).status_code == 403
    room.neighbours.staff = None
    assert (await room.client.get("/v1/listened-to-me", headers=room.token(Role.STAFF))).status_code == 404


async def test_recordings_are_found_by_what_they_are(room: Any, call: bytes, wav: Any, samples: Any) -> None:
    # R25: whom a breach concerns is found by time and person.
    sound = Sound(Encoding.MU_LAW, 2, 8_000)
    made = (await room.recorded(call))["id"]
    short = {"audio_ended_at": "2026-11-24T09:00:04+00:00", "ended_at": "2026-11-24T09:00:04+00:00"}
    parties = [
        {"party": "customer", "subject": str(STRANGER), "kind": "customer", "channel": 0},
        {"party": "agent", "subject": str(AGENT), "kind": "staff", "channel": 1},
    ]
    other = (await room.recorded(wav(sound, samples(sound, 32_000)), parties=parties, **short))["id"]
    await room.hear(room.ordered((await room.recorded(call))["id"]))
    await room.hear(SubjectMerged(subject=UUID(int=45), merged=STRANGER, merged_at=room.now))
    for asked, found in (
        ({"subject": str(CUSTOMER), "state": "stored"}, [made]),
        ({"subject": str(AGENT), "state": "stored"}, [made, other]),
        ({"subject": str(UUID(int=45))}, [other]),
        ({"at_most_ms": 5_000}, [other]),
        ({"at_least_ms": 4_000, "at_most_ms": 4_000}, [other]),
        ({"at_least_ms": 4_001, "state": "stored"}, [made]),
        ({"purpose": "contract", "state": "stored"}, [made, other]),
        ({"purpose": "training"}, []),
        ({"since": "2026-11-24T09:00:00Z", "before": "2026-11-24T09:00:01Z", "state": "stored"}, [made, other]),
        ({"since": "2026-11-24T09:00:01Z"}, []),
        ({"before": "2026-11-24T09:00:00Z"}, []),
    ):
        answer = await room.client.get("/v1/recordings", params=asked, headers=room.token(Role.AUDITOR))
        assert [each["id"] for each in answer.json()["items"]] == found, asked
    erasing = await room.client.get("/v1/recordings", params={"state": "erasing"}, headers=room.token(Role.AUDITOR))
    assert len(erasing.json()["items"]) == 1


async def test_a_merged_subjects_request_reaches_the_recordings_of_both_until_they_are_split(
    room: Any, call: bytes
) -> None:
    made = await room.recorded(call)
    request = await room.request_received(STRANGER)
    officer = room.token(Role.PRIVACY_OFFICER)
    wish = {"purpose": "subject_request", "request": str(request)}
    assert (await room.grant(made["id"], officer, **wish)).json()["code"] == "not_of_this_request"
    await room.hear(SubjectMerged(subject=STRANGER, merged=CUSTOMER, merged_at=room.now))
    assert (await room.grant(made["id"], officer, **wish)).status_code == 201
    ordered = room.order(request, STRANGER)
    assert (await room.grant(made["id"], ordered, purpose="subject_request")).status_code == 201
    await room.hear(SubjectSplit(subject=STRANGER, split=CUSTOMER, split_at=room.now))
    assert (await room.grant(made["id"], officer, **wish)).json()["code"] == "not_of_this_request"


async def test_a_closed_tenant_sends_no_more_and_an_erased_ones_key_is_gone(room: Any, call: bytes) -> None:
    made = await room.recorded(call)
    await room.hear(
        TenantClosed(tenant=TENANT, closed_at=room.now, export_until=room.now + timedelta(days=30)),
    )
    answer = await room.send(room.permit(), call)
    assert (answer.status_code, answer.json()["code"]) == (403, "tenant_closed")
    grant = (await room.grant(made["id"])).json()["id"]
    assert (await room.play(made["id"], grant)).status_code == 200
    # The keys' database outlives this test: a tenant of its own is erased.
    await room.open_tenant(ENDED)
    assert not await room.vault.keys.tenant_absent(ENDED)
    await room.hear(TenantErased(tenant=ENDED, erased_at=room.now), tenant=ENDED)
    assert await room.vault.keys.tenant_absent(ENDED)


async def test_a_missing_tenants_key_refuses_that_tenant_before_a_byte_is_read_and_alarms(
    room: Any, call: bytes
) -> None:
    made = await room.recorded(call)
    grant = (await room.grant(made["id"])).json()["id"]
    read: list[bytes] = []

    async def body() -> AsyncIterator[bytes]:
        read.append(call)
        yield call

    async def missing(*_args: object) -> bool:
        return False

    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(room.vault.keys, "tenant_key_there", missing)
        answer = await room.send(room.permit(), body())
        assert (answer.status_code, answer.json()["code"], read) == (503, "tenant_key_missing", [])
        assert await room.alarms() == {"tenant_key_missing"}
        [track] = await room.rows("select key_id from tracks where track = 0")
        await room.vault.keys.destroy(TENANT, [track.key_id])
        answer = await room.play(made["id"], grant)
        assert (answer.status_code, answer.json()["code"]) == (503, "tenant_key_missing")
    assert (await room.play(made["id"], grant)).status_code == 410
    assert (await room.left())[0] == 0


async def test_an_operator_changes_a_tenants_key_and_no_audio_is_touched(room: Any, call: bytes) -> None:
    made = await room.recorded(call)
    grant = (await room.grant(made["id"])).json()["id"]
    [track] = await room.rows("select id from tracks where track = 0")
    sealed = await room.vault.objects.read(f"ingest/{track.id}")
    operator = room.token(Role.OPERATOR, tenant=None)
    answer = await room.client.post(f"/v1/tenants/{TENANT}/key/change", headers=operator)
    assert answer.status_code == 200, answer.text
    assert answer.json()["keys"] >= 3
    assert await room.vault.objects.read(f"ingest/{track.id}") == sealed
    room.vault.keys._cache.clear()
    assert (await room.play(made["id"], grant)).content == call
    assert (await room.ledger())[-1] == "tenant_key.changed"
    unknown = await room.client.post(f"/v1/tenants/{UUID(int=77)}/key/change", headers=operator)
    assert unknown.status_code == 404
    refused = await room.client.post(f"/v1/tenants/{TENANT}/key/change", headers=room.token(Role.TENANT_ADMIN))
    assert refused.status_code == 403
