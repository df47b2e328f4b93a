from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from recital_errors import Conflict, Forbidden, Gone, RecitalError, TooMany, UnsupportedMedia
from recital_ingest.decisions.admission import (
    Asked,
    Compare,
    Digests,
    Known,
    Proceed,
    Repeat,
    Used,
    admit,
    belongs,
    same_bytes,
    still_stands,
)
from recital_ingest.model.permit import Permit
from recital_ingest.model.refusal import Refusal

MakePermit = Callable[..., Permit]
NOW = datetime(2026, 11, 24, 9, 10, tzinfo=UTC)
CUSTOMER, AGENT, COLLEAGUE = b"c", b"a", b"o"
RECORDING = UUID(int=9)
MINE, OTHER = Digests(b"mine", b"MINE"), Digests(b"other")
USED = Used(RECORDING, MINE)


def asked(permit: Permit, **changes: Any) -> Asked:
    return replace(Asked(permit=permit, media_type="audio/wav", digests=Digests(), same_key_gave=None), **changes)


def known(**changes: Any) -> Known:
    made = Known(tombstones=(), parties=frozenset({CUSTOMER, AGENT}), used=None, revoked=False, uploads_open=0)
    return replace(made, **changes)


def test_a_fresh_permit_lets_the_body_be_read(permit: MakePermit) -> None:
    assert admit(asked(permit()), known(), cap=1, now=NOW) == Proceed()


WRONG: list[tuple[str, type[RecitalError], dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("tenant_closed", Forbidden, {}, {}, {"closed": True}),
    ("recording_erased", Gone, {}, {}, {"tombstones": (frozenset({CUSTOMER, AGENT}),)}),
    ("permit_used", Forbidden, {}, {"digests": OTHER}, {"used": USED}),
    ("permit_suspended", Forbidden, {}, {}, {"suspended": True}),
    ("permit_revoked", Forbidden, {}, {}, {"revoked": True}),
    ("permit_expired", Forbidden, {"exp": int((NOW - timedelta(seconds=30)).timestamp())}, {}, {}),
    ("permit_not_final", Forbidden, {"final": False}, {}, {}),
    ("too_many_uploads", TooMany, {}, {}, {"uploads_open": 1}),
    ("audio_not_taken", UnsupportedMedia, {}, {"media_type": "text/html"}, {}),
]


@pytest.mark.parametrize("first", range(len(WRONG)))
def test_checks_are_made_in_their_order_and_the_first_that_fails_answers(permit: MakePermit, first: int) -> None:
    # R23: whatever sends it, by whatever name.
    claims: dict[str, Any] = {}
    wish: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    for _, _, changed_claims, changed_wish, changed_facts in WRONG[first:]:
        claims, wish, facts = claims | changed_claims, wish | changed_wish, facts | changed_facts
    verdict = admit(asked(permit(**claims), **wish), known(**facts), cap=1, now=NOW)
    assert isinstance(verdict, Refusal)
    assert verdict.code == WRONG[first][0]
    error = verdict.error()
    assert type(error) is WRONG[first][1]
    assert error.retry_after == (1 if isinstance(error, TooMany) else None)


def test_a_permit_just_expired_has_thirty_seconds(permit: MakePermit) -> None:
    late = permit(exp=int((NOW - timedelta(seconds=29)).timestamp()))
    assert admit(asked(late), known(), cap=1, now=NOW) == Proceed()


@pytest.mark.parametrize(
    ("erased", "gone"),
    [({CUSTOMER}, True), ({CUSTOMER, AGENT, COLLEAGUE}, True), ({CUSTOMER, COLLEAGUE}, False), ({COLLEAGUE}, False)],
)
def test_a_tombstone_stops_the_same_voices_and_not_another_leg_of_the_call(
    permit: MakePermit, erased: set[bytes], gone: bool
) -> None:
    verdict = admit(asked(permit()), known(tombstones=(frozenset(erased),)), cap=1, now=NOW)
    assert isinstance(verdict, Refusal) is gone


@pytest.mark.parametrize(
    ("wish", "answer"),
    [
        ({"digests": Digests(sha256=b"mine")}, Repeat(RECORDING)),
        ({"digests": Digests(sha512=b"MINE")}, Repeat(RECORDING)),
        ({"same_key_gave": RECORDING}, Repeat(RECORDING)),
        ({}, Compare(USED)),
    ],
)
def test_a_used_permit_answers_the_first_result_also_when_it_has_expired(
    permit: MakePermit, wish: dict[str, Any], answer: Repeat | Compare
) -> None:
    verdict = admit(asked(permit(exp=0), **wish), known(used=USED, revoked=True), cap=0, now=NOW)
    assert verdict == answer


def test_the_same_key_with_another_digest_is_another_request(permit: MakePermit) -> None:
    verdict = admit(asked(permit(), same_key_gave=RECORDING, digests=OTHER), known(used=USED), cap=1, now=NOW)
    assert isinstance(verdict, Refusal)
    assert isinstance(verdict.error(), Conflict)


def test_a_body_that_was_hashed_only_is_the_same_or_refused() -> None:
    assert same_bytes(USED, MINE) == Repeat(RECORDING)
    verdict = same_bytes(USED, OTHER)
    assert isinstance(verdict, Refusal)
    assert verdict.code == "permit_used"


def test_a_permit_of_another_tenant_is_refused(permit: MakePermit) -> None:
    assert belongs(permit(), UUID(int=2)) is None
    verdict = belongs(permit(), UUID(int=8))
    assert verdict is not None
    assert verdict.code == "permit_wrong_tenant"


def test_a_permit_stands_only_with_the_spans_the_audio_was_masked_by(permit: MakePermit) -> None:
    assert still_stands(permit(), permit().spans) is None
    for answered in (None, {}, {"contract": ((0, 9_999),)}):
        verdict = still_stands(permit(), answered)
        assert verdict is not None
        assert verdict.code == "permit_revoked"


def test_a_damaged_recordings_audio_is_taken_in_again_also_when_its_permit_has_expired(permit: MakePermit) -> None:
    damaged = replace(USED, damaged=True)
    for wish in ({}, {"digests": MINE}):
        verdict = admit(asked(permit(exp=0), **wish), known(used=damaged), cap=1, now=NOW)
        assert verdict == Proceed(repairs=RECORDING)
    for wish, facts, code in (
        ({"digests": OTHER}, {}, "permit_used"),
        ({}, {"revoked": True}, "permit_revoked"),
        ({}, {"uploads_open": 1}, "too_many_uploads"),
    ):
        verdict = admit(asked(permit(exp=0), **wish), known(used=damaged, **facts), cap=1, now=NOW)
        assert isinstance(verdict, Refusal)
        assert verdict.code == code
