"""May an entry be written: judged by its own content only, never by its place among the others."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from recital_consent.decisions.entering import FIELDS, entry_problems, field_problems, forbidden
from recital_consent.model.calls import Entry, EntryKind
from recital_identity import Role

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WINDOW = timedelta(minutes=15)


def entry(kind: EntryKind, **facts: Any) -> Entry:
    return Entry(**{"id": "e", "kind": kind, "at": NOW, "received_at": NOW, **facts})


def problems(made: Entry) -> list[tuple[str, str, str | None]]:
    found = entry_problems(
        made, path="entries.3", now=NOW, parties=["customer", "agent"], notices={"main": ["nl"], "other": ["nl", "en"]}
    )
    return [(each.field, each.code, each.rule) for each in found]


def notice(**facts: Any) -> Entry:
    told = {"purposes": frozenset({"main"}), "language": "nl", "started_at": NOW - timedelta(seconds=4)}
    return entry(EntryKind.NOTICE_PLAYED, **(told | facts))


def test_an_entry_up_to_five_seconds_ahead_is_taken_and_later_ones_are_refused() -> None:
    assert problems(entry(EntryKind.HELD, at=NOW + timedelta(seconds=5))) == []
    late = entry(EntryKind.HELD, at=NOW + timedelta(seconds=5, microseconds=1))
    assert problems(late) == [("entries.3.at", "entry_in_future", None)]


def test_no_entry_is_too_old() -> None:
    assert problems(entry(EntryKind.HELD, at=NOW - timedelta(days=4_000))) == []


def test_an_entry_is_not_refused_for_its_place_among_others() -> None:
    assert problems(entry(EntryKind.RESUMED)) == []
    assert problems(entry(EntryKind.LEFT, party="agent")) == []


def test_an_entry_for_a_party_that_is_not_in_the_call_names_field_and_rule() -> None:
    assert problems(entry(EntryKind.LEFT, party="nobody")) == [("entries.3.party", "party_unknown", "R01")]


def test_an_unknown_purpose_names_field_and_rule() -> None:
    wrong = entry(EntryKind.OBJECTED, party="customer", purposes=frozenset({"nothing"}))
    assert problems(wrong) == [("entries.3.purposes", "purpose_unknown", "R04")]


def test_a_sound_notice_is_taken() -> None:
    assert problems(notice()) == []


@pytest.mark.parametrize("seconds", [0, 1])
def test_a_notice_that_ends_before_or_when_it_starts_is_refused(seconds: int) -> None:
    wrong = notice(started_at=NOW + timedelta(seconds=seconds))
    assert problems(wrong) == [("entries.3.at", "notice_ends_before_it_starts", "R03")]


def test_a_notice_in_a_language_without_a_text_is_refused() -> None:
    assert problems(notice(language="en")) == [("entries.3.language", "language_without_text", "R03")]
    assert problems(notice(language="en", purposes=frozenset({"other"}))) == []


def test_a_notice_for_no_purpose_is_refused() -> None:
    assert problems(notice(purposes=frozenset())) == [("entries.3.purposes", "purpose_missing", "R04")]


def test_a_private_mark_of_a_part_needs_its_start_and_runs_forward() -> None:
    mark = EntryKind.MARKED_PRIVATE
    assert problems(entry(mark)) == []
    assert problems(entry(mark, started_at=NOW)) == []
    assert problems(entry(mark, started_at=NOW - WINDOW, ended_at=NOW)) == []
    assert problems(entry(mark, ended_at=NOW)) == [("entries.3.started_at", "field_missing", "R18")]
    backwards = entry(mark, started_at=NOW, ended_at=NOW)
    assert problems(backwards) == [("entries.3.ended_at", "mark_ends_before_it_starts", "R18")]


def test_every_kind_says_which_fields_it_needs_and_may_have() -> None:
    assert set(FIELDS) == set(EntryKind)
    found = field_problems(EntryKind.NOTICE_PLAYED, {"party", "started_at", "joining"}, "entries.0")
    assert [(each.field, each.code) for each in found] == [
        ("entries.0.completed", "field_missing"),
        ("entries.0.purposes", "field_missing"),
        ("entries.0.joining", "field_unexpected"),
    ]
    assert field_problems(EntryKind.HELD, {"party"}, "entries.0") == []


# Who may write what.


def refused(*kinds: EntryKind, roles: set[Role], ended: timedelta | None = None) -> str | None:
    ended_at = None if ended is None else NOW - ended
    reason = forbidden([entry(kind) for kind in kinds], roles=roles, ended_at=ended_at, window=WINDOW, now=NOW)
    return reason.code if reason else None


def test_an_integrator_writes_everything() -> None:
    assert refused(*EntryKind, roles={Role.INTEGRATOR}) is None


def test_staff_mark_private_and_stop_and_nothing_else() -> None:
    assert refused(EntryKind.MARKED_PRIVATE, EntryKind.PAUSED, roles={Role.STAFF}) is None
    assert refused(EntryKind.CONSENT_GIVEN, roles={Role.STAFF}) == "not_for_staff"


@pytest.mark.parametrize("role", [Role.STAFF, Role.INTEGRATOR])
def test_within_the_window_after_the_end_a_private_mark_is_taken_and_later_not(role: Role) -> None:
    assert refused(EntryKind.MARKED_PRIVATE, roles={role}, ended=WINDOW) is None
    assert refused(EntryKind.MARKED_PRIVATE, roles={role}, ended=WINDOW + timedelta(seconds=1)) == (
        "private_mark_too_late"
    )


def test_after_the_window_only_a_privacy_officer_marks_and_marks_only() -> None:
    assert refused(EntryKind.MARKED_PRIVATE, roles={Role.PRIVACY_OFFICER}, ended=timedelta(days=9)) is None
    assert refused(EntryKind.PAUSED, roles={Role.PRIVACY_OFFICER}) == "not_for_officer"
