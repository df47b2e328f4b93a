"""Permits given, kept, taken back, on the real database and vault."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from recital_consent.actions import (
    permits,
    purposes,
    tenants,
)
from recital_consent.model.calls import EntryKind
from recital_consent.model.permits import Segment
from recital_errors import (
    Conflict,
    Forbidden,
    Malformed,
)
from recital_identity import LARGEST_TOKEN, SigningKey, key_id_of, read_permit
from recital_ledger import canonical
from recital_runtime.signing import SigningKeys

if TYPE_CHECKING:
    from services.consent.tests.conftest import Desk

K = EntryKind


async def test_a_permit_is_signed_kept_and_stands(desk: "Desk") -> None:
    call = await desk.ended_call()
    issued, token = await desk.permit(call.id)
    assert issued.final
    assert issued.spans == {"main": ((4_200, 60_000),)}
    assert await permits.verify_permit(desk.means, token) == {
        "stands": True,
        "suspended": False,
        "spans": [{"purposes": ["main"], "spans": [[4_200, 60_000]]}],
        "final": True,
        "reason": None,
    }
    assert issued.claims is not None
    assert {each["party"]: each["channel"] for each in issued.claims["parties"]} == {"customer": 0, "agent": 1}
    assert issued.claims["timeline_version"] == 2
    assert (await desk.ledger("permit.issued"))[0]["permit"] == str(issued.id)


async def test_the_same_idempotency_key_gives_the_same_permit(desk: "Desk") -> None:
    call = await desk.ended_call()
    assert await desk.permit(call.id, key="k") == await desk.permit(call.id, key="k")
    with pytest.raises(Conflict):
        await desk.permit(call.id, start=5, key="k")


async def test_there_is_no_permit_where_nothing_may_be_kept_and_every_reason_is_named(desk: "Desk") -> None:
    call = await desk.register(entries=(desk.entry(K.ENDED, 60),))
    with pytest.raises(Forbidden) as refused:
        await desk.permit(call.id)
    assert [(each.code, each.rule, each.party) for each in refused.value.reasons] == [
        ("notice_missing", "R03", "customer")
    ]
    assert await desk.count("permits") == 0


@pytest.mark.parametrize(("retention", "code"), [("PT1M", "retention_over"), ("P1Y", None)])
async def test_a_shorter_retention_published_later_applies_to_calls_from_before_and_a_longer_one_does_not(
    desk: "Desk", retention: str, code: str | None
) -> None:
    call = await desk.ended_call()
    async with desk.database.transaction(desk.tenant) as tx:
        await purposes.publish_purpose(tx, replace(desk.draft_of_purpose, retention=retention), b"", None)
    if code is None:
        issued, _ = await desk.permit(call.id)
        assert issued.claims is not None
        assert issued.claims["purposes"][0]["version"] == 1
        return
    with pytest.raises(Forbidden) as refused:
        await desk.permit(call.id)
    assert [(each.code, each.rule) for each in refused.value.reasons] == [(code, "R11")]


async def test_a_call_that_goes_on_gets_a_permit_that_is_not_final(desk: "Desk") -> None:
    call = await desk.register(entries=(desk.notice(),))
    issued, _ = await desk.permit(call.id, 5, 20)
    assert not issued.final


@pytest.mark.parametrize(
    ("kind", "facts", "left"),
    [
        (K.HELD, {}, [[4_200, 29_800]]),
        (K.MARKED_PRIVATE, {"started_at": 30, "ended_at": 40}, [[4_200, 29_800], [40_200, 60_000]]),
        (K.ENDED, {}, [[4_200, 30_000]]),
        (K.LEFT, {"party": "agent"}, [[4_200, 29_800]]),
    ],
)
async def test_a_late_entry_that_takes_something_away_revokes_the_permit_with_what_remains(
    desk: "Desk", kind: EntryKind, facts: dict[str, Any], left: list[list[int]]
) -> None:
    call = await desk.ended_call()
    issued, token = await desk.permit(call.id)
    await desk.write(call.id, desk.entry(kind, 30, **facts))
    (event,) = await desk.events("permit.revoked")
    assert event["permit"] == str(issued.id)
    assert event["reason"] == kind.value
    assert event["recording_spans"] == [{"purposes": ["main"], "spans": left}]
    standing = await permits.verify_permit(desk.means, token)
    assert (standing["stands"], standing["spans"]) == (False, event["recording_spans"])
    assert (await desk.ledger("permit.revoked"))[0]["reason"] == kind.value


async def test_a_private_call_leaves_nothing_of_its_permits(desk: "Desk") -> None:
    call = await desk.ended_call()
    await desk.permit(call.id)
    await desk.permit(call.id, 5)
    await desk.write(call.id, desk.entry(K.MARKED_PRIVATE, 61))
    events = await desk.events("permit.revoked")
    assert [each["recording_spans"] for each in events] == [[], []]


async def test_a_late_entry_that_gives_something_back_changes_nothing(desk: "Desk") -> None:
    call = await desk.register(entries=(desk.notice(), desk.entry(K.HELD, 20), desk.entry(K.ENDED, 60)))
    _, token = await desk.permit(call.id)
    await desk.write(call.id, desk.entry(K.RESUMED, 30))
    assert await desk.events("permit.revoked") == []
    standing = await permits.verify_permit(desk.means, token)
    assert (standing["stands"], standing["spans"]) == (True, [{"purposes": ["main"], "spans": [[4_200, 19_800]]}])


async def test_a_permit_of_a_call_that_goes_on_waits_a_hold_out(desk: "Desk") -> None:
    call = await desk.register(entries=(desk.notice(),))
    _, token = await desk.permit(call.id, 5, 20)
    await desk.write(call.id, desk.entry(K.HELD, 30))
    standing = await permits.verify_permit(desk.means, token)
    assert (standing["stands"], standing["spans"][0]["spans"]) == (True, [[4_200, 29_800]])
    await desk.write(call.id, desk.entry(K.LEFT, 25, party="agent"))
    assert not (await permits.verify_permit(desk.means, token))["stands"]


async def test_a_permit_signed_by_another_is_refused_and_one_nobody_knows_does_not_stand(desk: "Desk") -> None:
    call = await desk.ended_call()
    _, token = await desk.permit(call.id)
    with pytest.raises(Forbidden):
        await permits.verify_permit(desk.means, token[:-8] + "AAAAAAAA")
    async with desk.database.transaction(desk.tenant) as tx:
        await tx.execute("delete from permits")
    assert (await permits.verify_permit(desk.means, token))["reason"] == "permit_unknown"


async def test_spans_that_a_permit_cannot_hold_are_in_it_by_their_hash_and_answered_when_it_is_verified(
    desk: "Desk",
) -> None:
    pauses = [
        desk.entry(kind, 5 + number * 0.1 + shift, id=f"{kind}{number}")
        for number in range(480)
        for kind, shift in ((K.PAUSED, 0), (K.UNPAUSED, 0.01))
    ]
    async with desk.database.transaction(desk.tenant) as tx:
        settings = await tenants.read_settings(tx)
        await tenants.change_settings(tx, replace(settings, guard_ms=0), expected=settings.version)
    call = await desk.register(entries=(desk.notice(), desk.entry(K.ENDED, 60)))
    await desk.write(call.id, *pauses[:480])
    await desk.write(call.id, *pauses[480:])
    _, token = await desk.permit(call.id)
    assert len(token) <= LARGEST_TOKEN
    claims = read_permit(token, desk.means.permit_keys)
    assert "spans" not in claims
    spans = (await permits.verify_permit(desk.means, token))["spans"]
    assert len(spans[0]["spans"]) == 481
    assert claims["spans_sha256"] == hashlib.sha256(canonical(spans)).hexdigest()


async def test_audio_in_more_segments_than_a_permit_holds_gets_a_clear_problem(desk: "Desk") -> None:
    call = await desk.ended_call()
    segments = tuple(Segment(desk.at(5 + number * 0.1), number * 50, 50) for number in range(400))
    with pytest.raises(Malformed) as refused:
        await desk.permit(call.id, segments=segments)
    assert refused.value.code == "permit_too_large"


async def test_a_permit_outlives_the_key_that_signed_it_and_the_new_key_signs_from_then_on(
    desk: "Desk", tmp_path: Path
) -> None:
    old, new = SigningKey.generate(), SigningKey.generate()
    (tmp_path / "permit.pem").write_bytes(old.pem())
    desk.means._runtime.signing = SigningKeys(tmp_path)
    call = await desk.ended_call()
    _, before = await desk.permit(call.id)
    (tmp_path / "permit.pem").write_bytes(new.pem())
    (tmp_path / "retired.jwks.json").write_text(json.dumps({"keys": [old.jwk("permit")]}))
    desk.means._runtime.signing = SigningKeys(tmp_path)
    _, after = await desk.permit(call.id, 5)
    assert (key_id_of(before), key_id_of(after)) == (old.kid, new.kid)
    for token in (before, after):
        assert (await permits.verify_permit(desk.means, token))["stands"]
    assert {each["kid"] for each in desk.means.permit_keys.jwks()["keys"]} == {old.kid, new.kid}
