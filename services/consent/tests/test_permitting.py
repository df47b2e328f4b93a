"""May a permit be given, with which spans, and what a late entry takes away from it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recital_consent.decisions.permitting import (
    audio_problems,
    has_passed,
    in_milliseconds,
    refusals,
    remaining,
    retention_is_over,
    revoked_by,
    terms_of,
)
from recital_consent.model.calls import EntryKind, PurposeTerms
from recital_consent.model.permits import Audio, Channel, Segment, listed, unlisted
from recital_consent.model.purposes import BasisKind
from recital_consent.model.spans import FOREVER, Spans, moment_of

if TYPE_CHECKING:
    from services.consent.tests.conftest import Scene

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
CHANNELS = (Channel(0, "customer"), Channel(1, "agent"))


def instant(scene: "Scene", seconds: float) -> datetime:
    answer = scene.call.answered_at
    assert answer is not None
    return answer + timedelta(seconds=seconds)


def audio(scene: "Scene", start: float | None = 0, end: float | None = 60, **changes: Any) -> Audio:
    made = Audio(
        started_at=None if start is None else instant(scene, start),
        ended_at=None if end is None else instant(scene, end),
        segments=None,
        channels=CHANNELS,
    )
    return replace(made, **changes)


def problems(scene: "Scene", made: Audio) -> list[tuple[str, str]]:
    return [(each.field, each.code) for each in audio_problems(made, scene.call, scene.verdict(100))]


def terms(scene: "Scene", now: float = 100) -> Any:
    return terms_of(
        scene.call,
        scene.verdict(now),
        zone=AMSTERDAM,
        expires_at=instant(scene, now + 900),
        now=instant(scene, now),
    )


def refused(scene: "Scene", made: Audio, erased: tuple[frozenset[str], ...] = (), now: float = 100) -> list[str]:
    return [
        each.code
        for each in refusals(scene.call, scene.verdict(now), terms(scene, now), made, [set(one) for one in erased])
    ]


# Terms.


def test_a_call_that_ended_has_final_terms_with_closed_spans(told: "Scene") -> None:
    told.then("held", 10).then("resumed", 20).then("ended", 60)
    found = terms(told)
    assert found.final
    assert found.spans == {"main": ((0, 10_000), (20_000, 60_000))}
    assert [each.key for each in found.purposes] == ["main"]


def test_while_a_call_goes_on_an_open_span_lasts_as_long_as_the_permit(told: "Scene") -> None:
    found = terms(told)
    assert not found.final
    assert found.ended_at is None
    assert found.spans == {"main": ((0, 1_000_000),)}


def test_before_the_answer_there_are_no_terms(told: "Scene") -> None:
    told.but(answered_at=None)
    made = Audio(started_at=None, ended_at=None, segments=None, channels=CHANNELS)
    verdict = told.verdict(0)
    now = told.call.entries[0].at
    assert terms_of(told.call, verdict, zone=AMSTERDAM, expires_at=now, now=now) is None
    assert [each.code for each in refusals(told.call, verdict, None, made, [])] == ["nothing_to_keep"]


def test_spans_are_whole_milliseconds_and_never_wider_than_they_are(told: "Scene") -> None:
    origin = instant(told, 0)
    base = moment_of(origin)
    spans = Spans.of([(base + 1, base + 2_999), (base + 5_000, FOREVER), (base + 3_100, base + 3_200)])
    assert in_milliseconds(spans, origin, instant(told, 0.007)) == ((1, 2), (5, 7))


def test_r05_a_permit_is_for_the_purposes_that_were_named_and_for_no_other(told: "Scene") -> None:
    # R05: what the permit does not name, the recording cannot be used for.
    told.purpose("other").then("ended", 60)
    found = terms(told)
    assert [each.key for each in found.purposes] == ["main"]
    assert set(found.spans) == {"main"}


def test_a_purpose_whose_retention_is_over_is_left_out(bare: "Scene") -> None:
    bare.purpose("main", retention="P1D").purpose("other", retention="P1Y").staff("agent").other("customer")
    bare.notice(-5, -1, "customer", purposes=("main", "other")).then("ended", 60)
    two_days = 2 * 86_400
    assert set(terms(bare, two_days).spans) == {"other"}
    assert refused(bare, audio(bare), now=two_days) == []


def test_a_call_older_than_every_retention_gets_no_permit(bare: "Scene") -> None:
    bare.purpose("main", retention="P1D").staff("agent").other("customer")
    bare.notice(-5, -1, "customer").then("ended", 60)
    assert refused(bare, audio(bare), now=2 * 86_400) == ["retention_over"]


@pytest.mark.parametrize(
    ("start", "retention", "last", "over"),
    [
        ("2026-01-31T12:00:00+01:00", "P1M", "2026-02-28T11:59:59+01:00", "2026-02-28T12:00:00+01:00"),
        ("2026-03-28T12:00:00+01:00", "P1D", "2026-03-29T11:59:59+02:00", "2026-03-29T12:00:00+02:00"),
        ("2026-03-28T12:00:00+01:00", "PT24H", "2026-03-29T11:59:59+02:00", "2026-03-29T13:00:00+02:00"),
    ],
)
def test_retention_is_counted_in_the_tenants_local_calendar(start: str, retention: str, last: str, over: str) -> None:
    began = datetime.fromisoformat(start)
    assert not has_passed(began, retention, AMSTERDAM, datetime.fromisoformat(last))
    assert has_passed(began, retention, AMSTERDAM, datetime.fromisoformat(over))


def test_a_shorter_retention_of_a_later_version_refuses_older_calls_too(bare: "Scene") -> None:
    bare.purpose("main", retention="P1Y", later_retentions=frozenset({"P2Y", "P1D"})).staff("agent").other("customer")
    bare.notice(-5, -1, "customer").then("ended", 60)
    assert refused(bare, audio(bare), now=86_000) == []
    assert refused(bare, audio(bare), now=86_400) == ["retention_over"]
    assert terms(bare, 86_400).spans == {}


def test_a_longer_retention_of_a_later_version_gives_no_older_call_a_permit(bare: "Scene") -> None:
    bare.purpose("main", retention="P1D", later_retentions=frozenset({"P1Y"})).staff("agent").other("customer")
    bare.notice(-5, -1, "customer").then("ended", 60)
    assert refused(bare, audio(bare), now=86_400) == ["retention_over"]


@given(own=st.integers(1, 400), later=st.sets(st.integers(1, 400)), aged=st.integers(0, 400))
def test_whatever_is_published_later_the_shortest_retention_counts(own: int, later: set[int], aged: int) -> None:
    purpose = PurposeTerms(
        id=UUID(int=1),
        key="main",
        version=1,
        basis=BasisKind.CONTRACT,
        retention=f"P{own}D",
        later_retentions=frozenset(f"P{each}D" for each in later),
    )
    began = datetime(2026, 3, 2, 9, 0, tzinfo=AMSTERDAM)
    assert retention_is_over(purpose, began, AMSTERDAM, began + timedelta(days=aged)) == (aged >= min(own, *later, own))


# Recordings that a party made (R06).


@pytest.mark.parametrize(
    ("recorded_by", "wrong"),
    [
        (None, []),
        ("customer", []),
        ("agent", [("recorded_by", "recorder_is_staff")]),
        ("nobody", [("recorded_by", "party_unknown")]),
    ],
)
def test_r06_only_a_party_heard_in_it_who_is_not_staff_can_have_made_a_recording(
    told: "Scene", recorded_by: str | None, wrong: list[tuple[str, str]]
) -> None:
    told.then("ended", 60)
    assert problems(told, audio(told, recorded_by=recorded_by)) == wrong


def test_r06_whoever_made_the_recording_what_may_be_kept_of_it_is_the_same(scene: "Scene") -> None:
    assert refused(scene.then("ended", 60), audio(scene, recorded_by="customer")) == ["notice_missing"]


# Refusals.


def test_audio_of_which_something_may_be_kept_gets_a_permit(told: "Scene") -> None:
    assert refused(told.then("ended", 60), audio(told)) == []


def test_who_was_not_told_is_named_in_the_refusal(scene: "Scene") -> None:
    assert refused(scene.then("ended", 60), audio(scene)) == ["notice_missing"]


def test_audio_in_which_nothing_may_be_kept_gets_no_permit(told: "Scene") -> None:
    told.then("held", 10).then("ended", 60)
    assert refused(told, audio(told, 10, 60)) == ["nothing_to_keep"]


def test_only_what_was_recorded_counts_where_a_recorder_left_parts_out(told: "Scene") -> None:
    told.then("held", 10).then("ended", 60)
    held = Segment(instant(told, 12), 0, 5_000)
    assert refused(told, audio(told, None, None, segments=(held,))) == ["nothing_to_keep"]
    spoken = Segment(instant(told, 5), 0, 1_000)
    assert refused(told, audio(told, None, None, segments=(spoken, held))) == []
    assert refused(told, audio(told, None, None)) == ["nothing_to_keep"]


@pytest.mark.parametrize(
    ("erased", "gone"),
    [
        ({"customer", "agent"}, True),
        ({"customer"}, True),
        ({"customer", "agent", "third"}, True),
        ({"customer", "third"}, False),
    ],
)
def test_an_erased_recording_does_not_come_back_but_another_leg_may(
    told: "Scene", erased: set[str], gone: bool
) -> None:
    told.then("ended", 60)
    assert refused(told, audio(told), (frozenset(erased),)) == (["recording_erased"] if gone else [])


# What the sender says.


def test_sound_audio_has_no_problems(told: "Scene") -> None:
    assert problems(told.then("ended", 60), audio(told, -3, 62)) == []


def test_a_channel_needs_a_party_of_the_call_and_a_party_one_channel(told: "Scene") -> None:
    channels = (Channel(0, "customer"), Channel(1, "nobody"), Channel(2, "customer"))
    assert problems(told, audio(told, channels=channels)) == [
        ("channels.1.party", "party_unknown"),
        ("channels.2.party", "party_twice"),
    ]


def test_two_parties_may_share_a_channel(told: "Scene") -> None:
    told.other("second", registered=False)
    assert problems(told, audio(told, channels=(*CHANNELS, Channel(0, "second")))) == []


@pytest.mark.parametrize(
    ("start", "end", "field", "code"),
    [
        (None, 60, "audio_started_at", "field_missing"),
        (0, None, "audio_ended_at", "field_missing"),
        (10, 10, "audio_ended_at", "audio_ends_before_it_starts"),
        (-9, -1, "audio_ended_at", "audio_outside_call"),
        (61, 61.5, "audio_ended_at", "audio_outside_call"),
        (0, 62.1, "audio_ended_at", "audio_outside_call"),
    ],
)
def test_times_that_cannot_be_are_refused(
    told: "Scene", start: float | None, end: float | None, field: str, code: str
) -> None:
    assert problems(told.then("ended", 60), audio(told, start, end)) == [(field, code)]


def test_segments_stand_alone_in_order_and_do_not_overlap(told: "Scene") -> None:
    told.then("ended", 60)
    one, other = Segment(instant(told, 0), 0, 1_000), Segment(instant(told, 5), 1_000, 1_000)
    assert problems(told, audio(told, None, None, segments=(one, other))) == []
    assert problems(told, audio(told, segments=(one,))) == [("segments", "times_twice")]
    assert problems(told, audio(told, None, None, segments=(other, one))) == [("segments.1", "segments_overlap")]
    overlapping = replace(other, offset_ms=999)
    assert problems(told, audio(told, None, None, segments=(one, overlapping))) == [("segments.1", "segments_overlap")]
    late = replace(other, starts_at=instant(told, 70))
    assert problems(told, audio(told, None, None, segments=(one, late))) == [("segments", "audio_outside_call")]


# Taking away.


def test_what_is_given_back_later_changes_nothing_that_was_silenced() -> None:
    assert remaining({"main": ((0, 10),)}, {"main": ((0, 20),)}) == {"main": ((0, 10),)}
    assert remaining({"main": ((0, 10),)}, {"main": ((5, 20),)}) == {"main": ((5, 10),)}
    assert remaining({"main": ((0, 10),), "other": ((0, 10),)}, {"main": ((0, 10),)}) == {"main": ((0, 10),)}


def test_a_final_permit_is_revoked_by_whatever_takes_from_it() -> None:
    assert revoked_by({EntryKind.HELD}, final=True) == "held"
    assert revoked_by({EntryKind.HELD, EntryKind.MARKED_PRIVATE}, final=True) == "marked_private"


def test_while_a_call_goes_on_a_hold_is_waited_out_and_a_withdrawal_is_not() -> None:
    assert revoked_by({EntryKind.HELD, EntryKind.ENDED}, final=False) is None
    assert revoked_by({EntryKind.CONSENT_WITHDRAWN}, final=False) == "consent_withdrawn"
    assert revoked_by({EntryKind.LEFT}, final=False) == "left"


def test_spans_go_out_once_per_distinct_set_of_purposes_and_come_back_the_same() -> None:
    spans = {"b": ((0, 1),), "a": ((0, 1),), "c": ((0, 2),), "none": ()}
    assert listed(spans) == [{"purposes": ["a", "b"], "spans": [[0, 1]]}, {"purposes": ["c"], "spans": [[0, 2]]}]
    assert unlisted(listed(spans)) == {"a": ((0, 1),), "b": ((0, 1),), "c": ((0, 2),)}
