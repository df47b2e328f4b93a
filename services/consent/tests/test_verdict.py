"""May this call be recorded now, and every rule that failed."""

from typing import TYPE_CHECKING

from recital_consent.decisions.reasons import EXPLANATIONS
from recital_consent.model.purposes import BasisKind

if TYPE_CHECKING:
    from services.consent.tests.conftest import Scene


def test_a_call_whose_customer_was_not_told_is_denied(scene: "Scene") -> None:
    assert not scene.verdict(5).may_record
    assert scene.reasons(5) == [("notice_missing", "R03", "customer")]


def test_the_decision_turns_to_yes_once_the_notice_ended(scene: "Scene") -> None:
    scene.but(guard_ms=200).notice(1, 4, "customer")
    assert not scene.verdict(3.9).may_record
    assert scene.verdict(4).may_record


def test_before_the_answer_the_registered_parties_are_judged_as_if_present(scene: "Scene") -> None:
    scene.but(answered_at=None)
    assert scene.reasons(0) == [("notice_missing", "R03", "customer")]
    assert scene.notice(-8, -2, "customer").verdict(0).may_record
    assert scene.verdict(0).starts_at is None


def test_before_the_answer_a_call_without_staff_is_denied(bare: "Scene") -> None:
    bare.but(answered_at=None).purpose("main").other("customer")
    assert bare.reasons(0) == [("participant_missing", "R01", None), ("notice_missing", "R03", "customer")]


def test_an_answer_that_is_still_to_come_is_no_answer_yet(told: "Scene") -> None:
    assert told.verdict(-1).may_record


def test_a_party_that_is_not_there_need_not_have_been_told(told: "Scene") -> None:
    told.other("partner", registered=False).then("joined", 20, "partner")
    assert told.verdict(10).may_record
    assert told.reasons(20) == [("notice_missing", "R03", "partner")]


def test_every_failed_rule_is_reported_not_just_the_first(bare: "Scene") -> None:
    bare.but(has_source=False).purpose("main", BasisKind.CONSENT).other("customer")
    assert bare.reasons(5) == [
        ("source_not_registered", "R02", None),
        ("participant_missing", "R01", None),
        ("notice_missing", "R03", "customer"),
        ("consent_missing", "R08", "customer"),
    ]


def test_one_purpose_that_passes_is_enough_and_the_other_says_why_not(scene: "Scene") -> None:
    scene.purpose("other").notice(0, 4, "customer")
    verdict = scene.verdict(5)
    assert verdict.may_record
    assert [(each.code, each.rule, each.purpose) for each in verdict.reasons] == [("purpose_not_named", "R04", "other")]


def test_hold_pause_and_end_are_reasons(told: "Scene") -> None:
    told.then("held", 10).then("resumed", 20).then("paused", 30).then("unpaused", 40).then("ended", 60)
    assert [told.reasons(when) for when in (5, 10, 20, 30, 40, 60)] == [
        [],
        [("on_hold", None, None)],
        [],
        [("paused", None, None)],
        [],
        [("call_ended", None, None)],
    ]


def test_a_hold_stops_only_the_purposes_that_keep_silent_on_hold(told: "Scene") -> None:
    told.purpose("other", hold_suppressed=False).notice(-5, -1, "customer", purposes=("other",)).then("held", 10)
    verdict = told.verdict(12)
    assert verdict.may_record
    assert [(each.code, each.purpose) for each in verdict.reasons] == [("on_hold", "main")]


def test_a_hold_stops_nothing_where_no_purpose_keeps_silent_on_hold(bare: "Scene") -> None:
    bare.purpose("main", hold_suppressed=False).staff("agent").other("customer").notice(-5, -1, "customer")
    assert bare.then("held", 10).verdict(12).may_record


def test_a_private_part_stops_recording_while_it_lasts(told: "Scene") -> None:
    told.then("marked_private", 12, started_at=10, ended_at=20)
    assert told.reasons(15) == [("marked_private", "R18", None)]
    assert told.verdict(20).may_record


def test_after_the_end_the_reasons_say_why_nothing_was_kept(scene: "Scene") -> None:
    scene.then("ended", 60)
    assert scene.reasons(70) == [("call_ended", None, None), ("notice_missing", "R03", "customer")]


def test_after_the_end_a_party_that_never_came_is_not_judged(told: "Scene") -> None:
    told.other("partner", registered=False).then("consent_refused", 5, "partner").then("ended", 60)
    assert told.reasons(70) == [("call_ended", None, None)]


def test_every_reason_of_the_rulebook_is_explained_in_two_languages() -> None:
    assert all(each.text_nl and each.text_en and each.text_nl != each.text_en for each in EXPLANATIONS.values())


def test_after_the_end_a_notice_that_came_too_late_is_still_missing(scene: "Scene") -> None:
    scene.then("ended", 60).notice(61, 65, "customer")
    assert scene.reasons(70) == [("call_ended", None, None), ("notice_missing", "R03", "customer")]
