"""What may be erased and why not, which identities are needed, what a permit leaves, what proves and certifies."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recital_events import PurposeSpans
from recital_retention.decisions.answers import judge_answer
from recital_retention.decisions.certificates import MOST_PLACES, beneath, certificate_of
from recital_retention.decisions.erasing import answer_to_hold, may_erase
from recital_retention.decisions.identities import needs_identity, still_needed
from recital_retention.decisions.revocations import common, covered, merged, what_remains
from recital_retention.model import (
    Ground,
    HoldingState,
    Order,
    OrderState,
    PlaceProof,
    Residue,
    Standing,
    Use,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ONE = UUID(int=1)


def standing(kind: Any = "recording", **more: Any) -> Standing:
    return Standing(ONE, kind, more.pop("state", HoldingState.RETAINED), **more)


def codes(found: Standing) -> list[str]:
    return [each.code for each in may_erase(found, NOW).reasons]


def test_a_recording_without_a_running_clock_may_go_because_its_retention_ended() -> None:
    verdict = may_erase(standing(), NOW)
    assert verdict.allowed
    assert not verdict.kept
    assert verdict.ground is Ground.RETENTION_ENDED


def test_a_recording_stays_while_one_clock_runs() -> None:
    assert codes(standing(running=1)) == ["clock_runs"]


def test_a_revoked_permit_ends_a_recording_although_its_clocks_run() -> None:
    verdict = may_erase(standing(running=2, ended_because=Ground.PERMIT_REVOKED), NOW)
    assert verdict.allowed
    assert verdict.ground is Ground.PERMIT_REVOKED


def test_a_hold_and_an_open_request_keep_and_both_are_named() -> None:
    verdict = may_erase(standing(held=True, withheld=True), NOW)
    assert [each.code for each in verdict.reasons] == ["held", "request_open"]
    assert verdict.kept


def test_what_is_held_before_its_time_is_not_said_to_be_kept_by_the_hold() -> None:
    assert not may_erase(standing(held=True, running=1), NOW).kept


@pytest.mark.parametrize("kind", ["package", "collection"])
def test_copies_made_to_hand_over_end_although_the_person_has_an_open_request(kind: str) -> None:
    assert codes(standing(kind, withheld=True, due_at=NOW)) == []


@pytest.mark.parametrize("kind", ["recording", "call", "identity", "request"])
def test_what_a_person_asked_about_is_kept_until_the_request_is_closed(kind: str) -> None:
    assert codes(standing(kind, withheld=True, due_at=NOW)) == ["request_open"]


@pytest.mark.parametrize("state", [HoldingState.ORDERING, HoldingState.SHREDDING, HoldingState.ERASED])
def test_nothing_is_ordered_twice(state: HoldingState) -> None:
    assert codes(standing(state=state)) == ["ordered_before"]


@pytest.mark.parametrize(("state", "late"), [(s, s.beyond_return) for s in HoldingState])
def test_a_hold_comes_too_late_from_the_point_of_no_return_on(state: HoldingState, late: bool) -> None:
    assert (answer_to_hold(state) is not None) is late


def test_a_call_record_waits_for_its_recordings_unless_it_was_private() -> None:
    assert codes(standing("call", recorded=True, recordings=1)) == ["recording_remains"]
    assert codes(standing("call", recorded=True)) == []
    verdict = may_erase(standing("call", recordings=1, ended_because=Ground.PRIVATE_CALL), NOW)
    assert verdict.allowed
    assert verdict.ground is Ground.PRIVATE_CALL


@pytest.mark.parametrize("kind", ["call", "request", "package", "collection", "bundle"])
def test_a_holding_is_not_due_before_its_end_and_is_at_that_instant(kind: str) -> None:
    assert codes(standing(kind)) == ["not_due"]
    assert codes(standing(kind, due_at=NOW + timedelta(microseconds=1))) == ["not_due"]
    assert codes(standing(kind, due_at=NOW)) == []


def test_a_collected_part_goes_because_its_request_closed() -> None:
    assert may_erase(standing("collection", due_at=NOW), NOW).ground is Ground.REQUEST_CLOSED


def test_an_identity_goes_when_nothing_living_needs_it() -> None:
    verdict = may_erase(standing("identity", uses=(Use("request", closed=True), Use("package"))), NOW)
    assert verdict.allowed
    assert verdict.ground is Ground.NO_LONGER_NEEDED
    assert codes(standing("identity", uses=(Use("call"),))) == ["needed"]
    assert codes(standing("identity", stands_alone=True)) == ["needed"]
    assert codes(standing("identity", stands_alone=True, due_at=NOW + timedelta(seconds=1))) == ["needed"]
    assert codes(standing("identity", stands_alone=True, due_at=NOW)) == []


@pytest.mark.parametrize("kind", ["recording", "call", "bundle"])
def test_calls_recordings_and_evidence_need_to_know_who(kind: Any) -> None:
    assert needs_identity(Use(kind))


def test_an_open_request_needs_an_identity_and_a_closed_one_does_not() -> None:
    assert still_needed([Use("request")], stands_alone=False)
    assert not still_needed([Use("request", closed=True), Use("identity"), Use("collection")], stands_alone=False)


def place(number: int, **more: Any) -> PlaceProof:
    return PlaceProof("object", f"ingest/{number}", **more)


def test_an_answer_is_complete_when_every_registered_place_is_proved_now_or_before() -> None:
    registered = [place(1), place(2, method="listed", absent_at=NOW)]
    assert judge_answer(registered, [("object", "ingest/1")]).complete
    assert judge_answer(registered, []).missing == (("object", "ingest/1"),)
    assert not judge_answer(registered, []).complete


def test_an_answer_without_any_proof_completes_nothing() -> None:
    assert not judge_answer([], []).complete


def test_a_place_that_was_not_registered_is_noticed_and_counts_as_proof() -> None:
    answer = judge_answer([], [("rows", "call/1")])
    assert answer.unregistered == (("rows", "call/1"),)
    assert answer.complete


def test_a_place_that_was_only_in_the_way_needs_no_proof() -> None:
    in_the_way = place(2, registered=False)
    assert judge_answer([place(1), in_the_way], [("object", "ingest/1")]).complete
    assert not judge_answer([in_the_way], []).complete


def spans(*purposes: str, of: list[tuple[int, int]]) -> PurposeSpans:
    return PurposeSpans(purposes=purposes, spans=tuple(of))


RECORDED = [spans("contract", "quality", of=[(0, 100)]), spans("contract", of=[(200, 300)])]


def test_a_permit_that_leaves_nothing_ends_every_purpose() -> None:
    trim = what_remains(RECORDED, [])
    assert trim.ended == ("contract", "quality")
    assert trim.kept == ()
    assert trim.takes_away


def test_a_purpose_that_lost_everything_ends_while_another_keeps_the_audio() -> None:
    trim = what_remains(RECORDED, [spans("contract", of=[(0, 100), (200, 300)])])
    assert trim.ended == ("quality",)
    assert trim.kept == (spans("contract", of=[(0, 100), (200, 300)]),)
    assert not trim.takes_away


def test_a_moment_that_no_purpose_covers_any_more_is_taken_away() -> None:
    trim = what_remains(RECORDED, [spans("contract", "quality", of=[(0, 50)])])
    assert trim.ended == ()
    assert trim.kept == (spans("contract", "quality", of=[(0, 50)]),)
    assert trim.takes_away


def test_a_permit_never_gives_back_what_was_not_recorded() -> None:
    assert covered(what_remains(RECORDED, [spans("contract", of=[(0, 1000)])]).kept) == [(0, 100), (200, 300)]


INTERVALS = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20)).map(lambda each: (each[0], each[0] + each[1])))


def moments(intervals: list[tuple[int, int]]) -> set[int]:
    return {moment for start, end in intervals for moment in range(start, end)}


@given(INTERVALS, INTERVALS)
def test_common_moments_are_exactly_those_in_both(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> None:
    assert moments(common(left, right)) == moments(left) & moments(right)
    assert moments(merged(left)) == moments(left)
    assert all(one[1] < two[0] for one, two in zip(merged(left), merged(left)[1:], strict=False))


ORDER = Order(
    id=UUID(int=5),
    holding=ONE,
    kind="recording",
    ground=Ground.RETENTION_ENDED,
    state=OrderState.VERIFIED,
    ordered_at=NOW,
    control_sequence=7,
)
NO_BACKUPS = Residue(key_backup_days=None, store_residue_days=1)


def certificate(places: list[PlaceProof], residue: Residue = NO_BACKUPS) -> dict[str, Any]:
    return dict(certificate_of(ORDER, places, certificate=UUID(int=9), tenant=UUID(int=3), now=NOW, residue=residue))


def test_a_certificate_names_what_when_why_and_every_place_with_its_proof() -> None:
    proved = [place(2, method="listed", absent_at=NOW), place(1, method="listed", absent_at=NOW - timedelta(hours=1))]
    claims = certificate(proved)
    assert claims["jti"] == str(UUID(int=9))
    assert claims["holding"] == str(ONE)
    assert claims["ground"] == "retention_ended"
    assert claims["control_sequence"] == 7
    assert claims["deletion_began_at"] == claims["erased_at"] == "2026-06-01T12:00:00.000000Z"
    assert [each["id"] for each in claims["places"]] == ["ingest/1", "ingest/2"]
    assert claims["places_count"] == 2


def test_a_certificate_says_that_no_backups_of_keys_are_configured() -> None:
    claims = certificate([place(1, method="listed", absent_at=NOW)])
    assert claims["beneath"]["key_backups"] == "no key backups configured"
    assert claims["beneath"]["cannot_return_after"] == "2026-06-02"


@pytest.mark.parametrize(("store", "keys", "final"), [(1, 30, "2026-07-01"), (45, 30, "2026-07-16")])
def test_with_backups_of_keys_the_last_day_is_that_of_the_later_of_both(store: int, keys: int, final: str) -> None:
    found = beneath(NOW, Residue(key_backup_days=keys, store_residue_days=store))
    assert found["key_backups"] == "in backups until 2026-07-01"
    assert found["cannot_return_after"] == final


def test_many_places_are_named_by_their_hash_so_that_the_token_stays_small() -> None:
    claims = certificate([place(number, method="listed", absent_at=NOW) for number in range(MOST_PLACES + 1)])
    assert "places" not in claims
    assert claims["places_count"] == MOST_PLACES + 1
    assert len(claims["places_sha256"]) == 64


@pytest.mark.parametrize("places", [[], [place(1, method="listed", absent_at=NOW), place(2)]])
def test_nothing_unproved_is_certified(places: list[PlaceProof]) -> None:
    with pytest.raises(ValueError, match=r"proof|empty"):
        certificate(places)
