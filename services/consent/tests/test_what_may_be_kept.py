"""Each sentence of "What may be kept" as a test, except ground (test_ground.py) and what is asked of entries."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from services.consent.tests.conftest import Scene


# Presence.


def test_before_the_answer_nobody_is_present(told: "Scene") -> None:
    assert told.but(answered_at=None).kept() == []
    assert told.then("answered", 2).kept() == [(2, None)]


def test_the_earliest_answer_counts(told: "Scene") -> None:
    assert told.then("answered", 7).kept() == [(0, None)]


def test_a_registered_party_is_present_from_the_answer_until_it_leaves(told: "Scene") -> None:
    assert told.then("left", 30, "customer").kept() == [(0, 30)]


def test_a_registered_party_whose_first_presence_entry_is_a_joined_is_present_from_there(told: "Scene") -> None:
    assert told.then("joined", 10, "customer").kept() == [(10, None)]


def test_a_registered_party_that_leaves_and_joins_again_is_absent_in_between(told: "Scene") -> None:
    assert told.then("left", 10, "agent").then("joined", 15, "agent").kept() == [(0, 10), (15, None)]


def test_what_happened_to_a_party_before_the_answer_holds_at_the_answer(told: "Scene") -> None:
    assert told.then("left", -2, "customer").kept() == []
    assert told.then("joined", -1, "customer").kept() == [(0, None)]


def test_a_party_that_joins_later_is_not_there_before(told: "Scene") -> None:
    told.staff("second", registered=False).then("left", 10, "agent").then("joined", 20, "second")
    assert told.kept() == [(0, 10), (20, None)]


def test_a_party_named_for_later_that_never_joins_is_never_there(scene: "Scene") -> None:
    assert scene.notice(0, 4, "customer").other("partner", registered=False).kept() == [(4, None)]


def test_when_the_last_of_the_staff_leaves_the_recording_ends(told: "Scene") -> None:
    assert told.then("left", 40, "agent").kept() == [(0, 40)]


def test_our_own_bot_counts_as_our_own_party(bare: "Scene") -> None:
    assert bare.purpose("main").bot("ivr").other("customer").notice(0, 4, "customer").kept() == [(4, None)]


def test_staff_alone_are_not_recorded(bare: "Scene") -> None:
    bare.purpose("main").staff("agent").staff("colleague")
    assert bare.kept() == []
    assert ("staff_only", "R27", None) in bare.reasons(5)


def test_the_call_ends_at_the_first_end(told: "Scene") -> None:
    assert told.then("ended", 60).then("ended", 50).then("ended", 70).kept() == [(0, 50)]


def test_a_call_that_ended_before_it_was_answered_has_nothing(told: "Scene") -> None:
    assert told.then("ended", -1).kept() == []


# At one instant the restricting entries win; what ended at an instant is over at that instant.


def test_at_one_instant_held_wins_over_resumed(told: "Scene") -> None:
    assert told.then("held", 10).then("resumed", 20).then("held", 20).kept() == [(0, 10)]


def test_at_one_instant_held_wins_over_leaving(told: "Scene") -> None:
    assert told.other("third").notice(-5, -1, "third").then("left", 10, "third").then("held", 10, "third").kept() == [
        (0, 10)
    ]


def test_at_one_instant_paused_wins_over_unpaused(told: "Scene") -> None:
    assert told.then("paused", 10).then("unpaused", 20).then("paused", 20).kept() == [(0, 10)]


def test_at_one_instant_left_of_staff_wins_over_joined(told: "Scene") -> None:
    assert told.then("joined", 10, "agent").then("left", 10, "agent").kept() == []


def test_at_one_instant_joined_of_others_wins_over_left(scene: "Scene") -> None:
    scene.other("partner").notice(-5, -1, "customer")
    assert scene.then("left", 10, "partner").then("joined", 10, "partner").kept() == []


def test_a_notice_that_ends_at_an_instant_has_been_heard_at_that_instant(scene: "Scene") -> None:
    assert scene.notice(1, 4, "customer").kept() == [(4, None)]


# Told (R03, R04).


def test_nothing_is_kept_while_one_present_has_not_been_told(told: "Scene") -> None:
    told.other("partner", registered=False).then("joined", 20, "partner").then("left", 30, "partner")
    assert told.kept() == [(0, 20), (30, None)]


def test_staff_need_no_notice_in_the_call(told: "Scene") -> None:
    assert told.staff("supervisor", registered=False).then("joined", 20, "supervisor").kept() == [(0, None)]


def test_a_notice_that_was_interrupted_does_not_count(scene: "Scene") -> None:
    assert scene.notice(0, 4, "customer", completed=False).kept() == []


def test_a_notice_that_does_not_name_the_purpose_does_not_count(scene: "Scene") -> None:
    scene.purpose("other").notice(0, 4, "customer", purposes=("other",))
    assert scene.kept("main") == []
    assert scene.kept("other") == [(4, None)]


def test_a_notice_of_another_version_does_not_count(scene: "Scene") -> None:
    assert scene.notice(0, 4, "customer", version=2).kept() == []
    assert scene.notice(5, 9, "customer", version=1).kept() == [(9, None)]


def test_a_notice_tells_the_party_it_names_wherever_that_party_was(scene: "Scene") -> None:
    assert scene.notice(-8, -2, "customer").kept() == [(0, None)]
    assert scene.other("partner", registered=False).notice(1, 2, "partner").then("joined", 5, "partner").kept() == [
        (0, None)
    ]


def test_a_notice_that_names_a_party_tells_nobody_else(scene: "Scene") -> None:
    assert scene.other("partner").notice(0, 4, "customer").kept() == []


def test_a_notice_without_a_name_tells_those_who_were_present_throughout(scene: "Scene") -> None:
    assert scene.notice(1, 4).kept() == [(4, None)]


def test_a_notice_without_a_name_does_not_tell_who_came_halfway(scene: "Scene") -> None:
    assert scene.then("joined", 2, "customer").notice(1, 4).kept() == []


def test_a_notice_without_a_name_does_not_tell_who_left_halfway(scene: "Scene") -> None:
    assert scene.then("left", 2, "customer").then("joined", 3, "customer").notice(1, 4).kept() == []


def test_a_notice_without_a_name_that_began_before_the_answer_tells_nobody(scene: "Scene") -> None:
    assert scene.notice(-1, 4).kept() == []


def test_a_notice_without_a_name_does_not_tell_who_was_on_hold(scene: "Scene") -> None:
    assert scene.then("held", 2, "customer").then("resumed", 3, "customer").notice(1, 4).kept() == []


def test_a_notice_without_a_name_tells_nobody_while_all_were_on_hold(scene: "Scene") -> None:
    assert scene.then("held", 2).then("resumed", 3).notice(1, 4).kept() == []


def test_a_notice_without_a_name_tells_one_while_another_was_on_hold(scene: "Scene") -> None:
    scene.then("held", 1, "agent").then("resumed", 5, "agent").notice(1, 4)
    assert scene.kept() == [(5, None)]


def test_a_notice_without_a_beginning_or_of_no_length_tells_nobody_without_a_name(scene: "Scene") -> None:
    assert scene.notice(4, 4).then("notice_played", 5, purposes=("main",), completed=True).kept() == []


def test_a_notice_holds_over_leaving_and_rejoining(scene: "Scene") -> None:
    scene.notice(1, 4, "customer").then("left", 10, "customer").then("joined", 20, "customer")
    assert scene.kept() == [(4, 10), (20, None)]


def test_a_notice_holds_over_a_transfer(scene: "Scene") -> None:
    scene.notice(1, 4, "customer").staff("second", registered=False)
    assert scene.then("joined", 10, "second").then("left", 12, "agent").kept() == [(4, None)]


# Silence.


def test_a_hold_silences_all_channels(told: "Scene") -> None:
    assert told.then("held", 10).then("resumed", 20).kept() == [(0, 10), (20, None)]


def test_a_hold_of_a_party_ends_with_its_own_resumed(told: "Scene") -> None:
    assert told.then("held", 10, "customer").then("resumed", 20, "customer").kept() == [(0, 10), (20, None)]


def test_a_hold_of_a_party_ends_with_a_resumed_of_all(told: "Scene") -> None:
    assert told.then("held", 10, "customer").then("resumed", 20).kept() == [(0, 10), (20, None)]


def test_a_hold_of_a_party_ends_when_it_leaves(told: "Scene") -> None:
    told.other("partner").notice(-5, -1, "partner")
    assert told.then("held", 10, "partner").then("left", 20, "partner").kept() == [(0, 10), (20, None)]


def test_a_hold_of_a_party_does_not_end_with_the_resumed_of_another(told: "Scene") -> None:
    assert told.then("held", 10, "customer").then("resumed", 20, "agent").kept() == [(0, 10)]


def test_a_hold_of_all_ends_only_with_a_resumed_of_all(told: "Scene") -> None:
    told.then("held", 10).then("resumed", 20, "customer")
    assert told.kept() == [(0, 10)]
    assert told.then("resumed", 30).kept() == [(0, 10), (30, None)]


def test_two_holds_overlap_until_the_last_is_resumed(told: "Scene") -> None:
    told.then("held", 10, "customer").then("held", 12, "agent").then("resumed", 15, "customer")
    assert told.then("resumed", 20, "agent").kept() == [(0, 10), (20, None)]


def test_a_resumed_without_a_held_has_no_effect(told: "Scene") -> None:
    assert told.then("resumed", 10).then("unpaused", 11).kept() == [(0, None)]


def test_pause_is_a_flag_and_not_a_counter(told: "Scene") -> None:
    assert told.then("paused", 10).then("paused", 12).then("unpaused", 20).kept() == [(0, 10), (20, None)]


def test_what_is_not_resumed_or_unpaused_stays_silenced_to_the_end(told: "Scene") -> None:
    assert told.then("paused", 10).then("ended", 60).kept() == [(0, 10)]


def test_a_purpose_may_lift_the_silence_of_a_hold(bare: "Scene") -> None:
    bare.purpose("main", hold_suppressed=False).purpose("other").staff("agent").other("customer")
    bare.notice(-5, -1, "customer", purposes=("main", "other")).then("held", 10).then("resumed", 20)
    assert bare.kept("main") == [(0, None)]
    assert bare.kept("other") == [(0, 10), (20, None)]


def test_a_private_mark_with_a_start_silences_from_there_to_its_end(told: "Scene") -> None:
    assert told.then("marked_private", 30, started_at=10, ended_at=20).kept() == [(0, 10), (20, None)]


def test_a_private_mark_without_an_end_silences_to_the_end_of_the_call(told: "Scene") -> None:
    assert told.then("marked_private", 30, started_at=10).then("ended", 60).kept() == [(0, 10)]


def test_a_private_mark_without_a_start_leaves_nothing_of_the_call(told: "Scene") -> None:
    assert told.then("marked_private", 30).then("ended", 60).kept() == []
    assert told.verdict(70).private


# After the first end.


def test_private_marks_count_after_the_end(told: "Scene") -> None:
    assert told.then("ended", 60).then("marked_private", 70, started_at=10, ended_at=20).kept() == [(0, 10), (20, 60)]
    assert told.then("marked_private", 80).kept() == []


@pytest.mark.parametrize("kind", ["resumed", "unpaused", "held", "paused", "answered", "consent_given"])
def test_anything_else_after_the_end_has_no_effect(told: "Scene", kind: str) -> None:
    told.then("held", 10).then("ended", 60)
    assert told.then(kind, 61, "customer" if kind == "consent_given" else None).kept() == [(0, 10)]


def test_a_notice_after_the_end_has_no_effect(scene: "Scene") -> None:
    assert scene.then("ended", 60).notice(61, 65, "customer").kept() == []


# Guard.


def test_silences_are_widened_on_both_sides_by_the_guard(told: "Scene") -> None:
    assert told.but(guard_ms=200).then("held", 10).then("resumed", 20).kept() == [(0, 9.8), (20.2, None)]


def test_no_guard_is_added_at_the_calls_own_start_and_end(told: "Scene") -> None:
    assert told.but(guard_ms=200).then("ended", 60).kept() == [(0, 60)]


def test_what_was_silenced_before_the_answer_does_not_reach_into_the_call(told: "Scene") -> None:
    assert told.but(guard_ms=2_000).then("held", -3).then("resumed", -1).kept() == [(0, None)]


def test_a_recorder_loses_nothing_if_it_starts_one_guard_after_the_notice_ended(scene: "Scene") -> None:
    assert scene.but(guard_ms=200).notice(1, 4, "customer").kept() == [(4.2, None)]


def test_two_silences_closer_than_two_guards_are_one(told: "Scene") -> None:
    told.but(guard_ms=200).then("paused", 10).then("unpaused", 20).then("held", 20.3).then("resumed", 30)
    assert told.kept() == [(0, 9.8), (30.2, None)]


def test_a_late_end_gives_back_nothing_that_the_silence_before_it_had_taken(told: "Scene") -> None:
    told.but(guard_ms=200).then("held", 10)
    assert told.kept() == [(0, 9.8)]
    assert told.then("ended", 10).kept() == [(0, 9.8)]


def test_the_guard_is_added_per_purpose(bare: "Scene") -> None:
    bare.but(guard_ms=500).purpose("main").purpose("other").staff("agent").other("customer")
    bare.notice(0, 4, "customer", purposes=("main",)).notice(4, 8, "customer", purposes=("other",))
    assert bare.kept("main") == [(4.5, None)]
    assert bare.kept("other") == [(8.5, None)]


# The rest of the rulebook that leaves nothing.


def test_a_call_from_no_registered_source_keeps_nothing(told: "Scene") -> None:
    assert told.but(has_source=False).kept() == []
    assert ("source_not_registered", "R02", None) in told.reasons(5)
