from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from recital_errors import Gone
from recital_ingest.decisions.access import LASTS, Allowed, Wish, asks_clocks, audible, may_listen, still_holds
from recital_ingest.model.listening import (
    BREAK_GLASS,
    LEGAL_CLAIMS,
    SUBJECT_REQUEST,
    Clock,
    Clocks,
    Grant,
    Listener,
    OpenRequest,
    Standing,
)
from recital_ingest.model.recording import Recording, State
from recital_ingest.model.refusal import Refusal

MakeRecording = Callable[..., Recording]
NOW = datetime(2026, 11, 25, tzinfo=UTC)
CUSTOMER, STRANGER = UUID(int=4), UUID(int=44)
HANDLER = Listener("person", frozenset({"case_handler"}))
REVIEWER = Listener("reviewer", frozenset({"reviewer"}))
OFFICER = Listener("officer", frozenset({"privacy_officer"}))
ORDER = Listener("recital/dsar", frozenset(), request=UUID(int=70), subjects=frozenset({CUSTOMER}))
ROLES = {"contract": frozenset({"case_handler"}), "training": frozenset({"reviewer"})}
STANDING = Standing(expired=frozenset(), remaining=None, roles=ROLES)
RUNNING = Clocks(
    (Clock("contract", NOW + timedelta(days=9), expired=False), Clock("training", None, expired=False)),
    restricted=False,
)


def codes(verdict: Allowed | Refusal) -> list[str]:
    assert isinstance(verdict, Refusal)
    assert verdict.code == (verdict.reasons[0].code if verdict.reasons else verdict.code)
    return [reason.code for reason in verdict.reasons]


def test_a_role_of_the_purpose_hears_it_for_a_quarter_of_an_hour(recording: MakeRecording) -> None:
    # R10: nobody needs more than one sitting.
    verdict = may_listen(Wish(HANDLER, "contract"), recording(), STANDING, RUNNING, now=NOW)
    assert verdict == Allowed(NOW + LASTS)


def test_no_grant_outlives_the_earliest_due_instant(recording: MakeRecording) -> None:
    soon = Clocks((replace(RUNNING.clocks[0], due_at=NOW + timedelta(minutes=2)), RUNNING.clocks[1]), restricted=False)
    assert may_listen(Wish(HANDLER, "contract"), recording(), STANDING, soon, now=NOW) == Allowed(
        NOW + timedelta(minutes=2)
    )


def clocks(*, expired: bool = False, restricted: bool = False) -> Clocks:
    return Clocks((replace(RUNNING.clocks[0], expired=expired),), restricted=restricted)


@pytest.mark.parametrize(
    ("wish", "standing", "told", "reasons"),
    [
        (Wish(HANDLER, "marketing"), STANDING, RUNNING, ["purpose_not_recorded", "nothing_remains"]),
        (Wish(REVIEWER, "contract"), STANDING, RUNNING, ["role_not_in_purpose"]),
        (Wish(ORDER, "contract"), STANDING, None, ["role_not_in_purpose", "clock_expired"]),
        (Wish(HANDLER, "contract"), STANDING, clocks(expired=True), ["clock_expired"]),
        (Wish(HANDLER, "contract"), STANDING, Clocks((), restricted=False), ["clock_expired"]),
        (Wish(HANDLER, "contract"), replace(STANDING, expired=frozenset({"contract"})), RUNNING, ["clock_expired"]),
        (Wish(HANDLER, "contract"), STANDING, clocks(restricted=True), ["restricted"]),
        (Wish(HANDLER, "contract"), replace(STANDING, remaining={}), RUNNING, ["nothing_remains"]),
        (
            Wish(OFFICER, "contract"),
            replace(STANDING, remaining={}),
            clocks(expired=True, restricted=True),
            ["role_not_in_purpose", "clock_expired", "restricted", "nothing_remains"],
        ),
        (Wish(HANDLER, SUBJECT_REQUEST), STANDING, RUNNING, ["role_not_in_purpose"]),
        (Wish(OFFICER, SUBJECT_REQUEST), STANDING, RUNNING, ["request_not_open"]),
        (
            Wish(OFFICER, SUBJECT_REQUEST, OpenRequest(UUID(int=70), frozenset({STRANGER}))),
            STANDING,
            RUNNING,
            ["not_of_this_request"],
        ),
        (
            Wish(replace(ORDER, subjects=frozenset({STRANGER})), SUBJECT_REQUEST),
            STANDING,
            None,
            ["not_of_this_request"],
        ),
    ],
)
def test_every_rule_that_forbids_is_named(
    recording: MakeRecording, wish: Wish, standing: Standing, told: Clocks | None, reasons: list[str]
) -> None:
    # R05: a purpose of the recording's own. R10: a role of that purpose. R11: while its clock runs.
    assert codes(may_listen(wish, recording(), standing, told, now=NOW)) == reasons


def test_an_open_request_is_heard_by_a_privacy_officer_and_by_dsar_whatever_the_clocks_say(
    recording: MakeRecording,
) -> None:
    ended = clocks(expired=True, restricted=True)
    request = OpenRequest(UUID(int=70), frozenset({CUSTOMER}))
    for wish in (Wish(OFFICER, SUBJECT_REQUEST, request), Wish(ORDER, SUBJECT_REQUEST)):
        assert may_listen(wish, recording(), STANDING, ended, now=NOW) == Allowed(NOW + LASTS)


def test_retention_is_asked_for_users_and_not_for_an_order_of_dsar() -> None:
    assert asks_clocks(Wish(OFFICER, SUBJECT_REQUEST))
    assert not asks_clocks(Wish(ORDER, SUBJECT_REQUEST))


def test_nobody_hears_a_recording_that_is_being_erased(recording: MakeRecording) -> None:
    for state in (State.ERASING, State.ERASED):
        for verdict in (
            may_listen(Wish(HANDLER, "contract"), recording(state=state), STANDING, RUNNING, now=NOW),
            still_holds(grant(), recording(state=state), STANDING, now=NOW),
        ):
            assert isinstance(verdict, Refusal)
            assert isinstance(verdict.error(), Gone)


def grant(**changes: Any) -> Grant:
    made = Grant(UUID(int=80), UUID(int=20), "contract", "person", None, NOW + timedelta(minutes=5))
    return replace(made, **changes)


def test_a_grant_ends_with_its_time_its_clock_or_what_remains(recording: MakeRecording) -> None:
    assert still_holds(grant(), recording(), STANDING, now=NOW) is None
    for changed, standing, code in (
        (grant(expires_at=NOW), STANDING, "grant_expired"),
        (grant(), replace(STANDING, expired=frozenset({"contract"})), "clock_expired"),
        (grant(), replace(STANDING, remaining={}), "nothing_remains"),
    ):
        verdict = still_holds(changed, recording(), standing, now=NOW)
        assert verdict is not None
        assert verdict.code == code


def test_each_purpose_hears_its_own_spans_and_a_request_hears_all(recording: MakeRecording) -> None:
    # R05: what was kept for another purpose is silence.
    two = recording(spans={"contract": ((0, 4_000),), "training": ((3_000, 6_000),)})
    assert audible(two, STANDING, "contract") == ((0, 4_000),)
    assert audible(two, STANDING, "training") == ((3_000, 6_000),)
    assert audible(two, STANDING, SUBJECT_REQUEST) == ((0, 6_000),)


def test_a_revoked_permit_leaves_what_remains_with_this_recordings_own_guard(recording: MakeRecording) -> None:
    wide = recording(growth_ms=100)
    left = replace(STANDING, remaining={"contract": ((2_000, 5_000), (8_000, 10_000))})
    assert audible(wide, left, "contract") == ((2_100, 4_900), (8_100, 10_000))
    assert audible(wide, left, SUBJECT_REQUEST) == ((2_100, 4_900), (8_100, 10_000))


COUNSEL = Listener("counsel", frozenset({"legal_counsel"}))
HELD = replace(STANDING, held=True)
REVOKED_AND_HELD = replace(HELD, remaining={})


@pytest.mark.parametrize(
    ("wish", "standing", "reasons"),
    [
        (Wish(COUNSEL, LEGAL_CLAIMS), HELD, []),
        (Wish(COUNSEL, LEGAL_CLAIMS), replace(HELD, restricted=True), []),
        (Wish(COUNSEL, LEGAL_CLAIMS), REVOKED_AND_HELD, []),
        (Wish(COUNSEL, LEGAL_CLAIMS), STANDING, ["not_held"]),
        (Wish(OFFICER, LEGAL_CLAIMS), HELD, ["role_not_in_purpose"]),
        (Wish(OFFICER, BREAK_GLASS, ticket="T-1"), STANDING, []),
        (Wish(OFFICER, BREAK_GLASS), STANDING, ["ticket_missing"]),
        (Wish(COUNSEL, BREAK_GLASS), STANDING, ["role_not_in_purpose", "ticket_missing"]),
        (Wish(OFFICER, BREAK_GLASS, ticket="T-1"), REVOKED_AND_HELD, ["nothing_remains"]),
        (Wish(HANDLER, "contract"), replace(STANDING, restricted=True), ["restricted"]),
        # A hold outranks a late entry: what is left is for legal counsel alone.
        (Wish(HANDLER, "contract"), replace(HELD, remaining={"contract": ((0, 10_000),)}), ["restricted"]),
        (Wish(HANDLER, "contract"), HELD, []),
        (Wish(HANDLER, "contract"), replace(STANDING, suspended=True), ["permit_suspended"]),
        (Wish(COUNSEL, LEGAL_CLAIMS), replace(HELD, suspended=True), ["permit_suspended"]),
        (Wish(OFFICER, BREAK_GLASS, ticket="T-1"), replace(STANDING, suspended=True), ["permit_suspended"]),
        # R12: the person's own copy does not wait for the decision; what was revoked is gone for it too.
        (Wish(ORDER, SUBJECT_REQUEST), replace(STANDING, suspended=True, restricted=True), []),
        (Wish(ORDER, SUBJECT_REQUEST), replace(STANDING, suspended=True, remaining={}), ["nothing_remains"]),
    ],
)
def test_what_was_decided_afterwards_binds_who_may_listen(
    recording: MakeRecording, wish: Wish, standing: Standing, reasons: list[str]
) -> None:
    verdict = may_listen(wish, recording(), standing, RUNNING, now=NOW)
    assert codes(verdict) == reasons if reasons else isinstance(verdict, Allowed)
    grant = Grant(UUID(int=1), UUID(int=20), wish.purpose, "person", None, NOW + LASTS)
    later = still_holds(grant, recording(), standing, now=NOW)
    assert {"role_not_in_purpose", "ticket_missing"}.issuperset(set(reasons) - set(codes(later) if later else []))


def test_nothing_is_heard_under_a_suspended_permit_but_in_the_persons_own_copy(recording: MakeRecording) -> None:
    suspended = replace(STANDING, suspended=True)
    assert audible(recording(), suspended, "contract") == ()
    assert audible(recording(), suspended, SUBJECT_REQUEST) == audible(recording(), STANDING, SUBJECT_REQUEST)
