"""What parties said outside the call: consent brought along, withdrawals, objections, and what is not decided yet."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from recital_consent.decisions.outside import is_settled, settled
from recital_consent.model.calls import Entry, EntryKind
from recital_consent.model.purposes import BasisKind
from recital_consent.model.statements import Statement, StatementKind, StatementState

if TYPE_CHECKING:
    from conftest import Scene

JO, AL = UUID(int=7), UUID(int=8)
CONSENT, WITHDRAWAL, OBJECTION = StatementKind
PENDING, UPHELD, REJECTED = StatementState.PENDING, StatementState.UPHELD, StatementState.REJECTED


def calling(scene: "Scene", basis: BasisKind = BasisKind.CONSENT) -> "Scene":
    scene.purpose("main", basis).staff("agent").other("customer", subject=JO)
    return scene.notice(-5, -1, "customer")


def said(scene: "Scene", kind: StatementKind, seconds: float, subject: UUID = JO, **facts: Any) -> "Scene":
    moment = scene.then("resumed", seconds).call.entries[-1].at
    scene.but(entries=scene.call.entries[:-1])
    state = facts.pop("state", PENDING if kind is OBJECTION else StatementState.STANDING)
    made = Statement(
        id=UUID(int=900 + len(scene.call.statements)),
        subject=subject,
        kind=kind,
        at=moment,
        received_at=moment,
        state=state,
        **facts,
    )
    return scene.but(statements=(*scene.call.statements, made))


def test_consent_from_outside_the_call_counts_without_having_been_told_first_but_the_notice_is_still_needed(
    bare: "Scene",
) -> None:
    assert said(calling(bare), CONSENT, -1000).kept() == [(0, None)]
    assert bare.but(entries=()).kept() == []


def test_consent_from_outside_that_lists_another_purpose_does_not_count(bare: "Scene") -> None:
    assert said(calling(bare), CONSENT, -1000, purposes=frozenset({"other"})).kept() == []


def test_the_consent_of_another_person_does_not_count(bare: "Scene") -> None:
    assert said(calling(bare), CONSENT, -1000, AL).kept() == []


def test_a_withdrawal_before_the_call_ends_the_consents_until_then_and_a_new_one_opens(bare: "Scene") -> None:
    said(said(calling(bare), CONSENT, -1000), WITHDRAWAL, -500)
    assert bare.kept() == []
    assert [each.code for each in bare.verdict(5).reasons] == ["consent_missing"]
    assert said(bare, CONSENT, -400).kept() == [(0, None)]


def test_a_withdrawal_before_the_call_takes_nothing_that_was_recorded_before_that_person_joined(bare: "Scene") -> None:
    calling(bare).other("partner", registered=False, subject=AL).notice(-5, -1, "partner")
    bare.then("consent_given", 0, "customer").then("joined", 20, "partner").then("consent_given", 25, "partner")
    assert said(bare, WITHDRAWAL, -500, AL).kept() == [(0, 20), (25, None)]


@pytest.mark.parametrize("seconds", [30, 5_000])
def test_a_withdrawal_during_or_after_the_call_takes_all_of_it(bare: "Scene", seconds: float) -> None:
    said(calling(bare).then("consent_given", 2, "customer").then("ended", 60), WITHDRAWAL, seconds)
    assert bare.kept() == []
    assert ("consent_withdrawn", "R08", "customer") in bare.reasons(6_000)


def test_a_withdrawal_does_not_touch_what_needs_no_consent(bare: "Scene") -> None:
    assert said(calling(bare, BasisKind.CONTRACT), WITHDRAWAL, 30).kept() == [(0, None)]


@pytest.mark.parametrize("seconds", [-500, 30, 5_000])
@pytest.mark.parametrize("state", [PENDING, UPHELD])
@pytest.mark.parametrize("basis", [BasisKind.LEGITIMATE_INTERESTS, BasisKind.PUBLIC_TASK])
def test_an_objection_stops_the_purpose_at_once_and_for_good_once_it_is_upheld(
    bare: "Scene", basis: BasisKind, state: StatementState, seconds: float
) -> None:
    said(calling(bare, basis), OBJECTION, seconds, state=state)
    assert bare.kept() == []
    assert ("objected", "R17", "customer") in bare.reasons(30)


def test_an_objection_that_was_rejected_changes_nothing(bare: "Scene") -> None:
    assert said(calling(bare, BasisKind.LEGITIMATE_INTERESTS), OBJECTION, -500, state=REJECTED).kept() == [(0, None)]


def test_an_objection_that_names_no_purpose_is_to_those_that_may_be_objected_to(bare: "Scene") -> None:
    bare.purpose("other")
    said(calling(bare, BasisKind.LEGITIMATE_INTERESTS), OBJECTION, -500)
    assert bare.notice(-4, -1, "customer", purposes=("other",)).kept("other") == [(0, None)]
    assert bare.kept() == []


def test_an_objection_that_names_a_purpose_on_consent_closes_it(bare: "Scene") -> None:
    calling(bare).then("consent_given", 2, "customer")
    assert said(bare, OBJECTION, 30).kept() == [(2, None)]
    assert said(bare, OBJECTION, 30, purposes=frozenset({"main"})).kept() == []


def test_what_is_undecided_has_its_effect_but_is_not_settled(bare: "Scene") -> None:
    said(calling(bare, BasisKind.LEGITIMATE_INTERESTS), OBJECTION, 30)
    assert not is_settled(bare.call)
    assert settled(bare.call).statements == ()


def test_a_private_mark_that_was_asked_for_silences_but_the_call_is_not_private_yet(told: "Scene") -> None:
    mark = told.then("marked_private", 30).call.entries[-1]
    told.but(entries=told.call.entries[:-1], asked=(mark,))
    assert told.kept() == []
    assert not told.verdict(40).private
    assert not is_settled(told.call)
    part: Entry = replace(mark, started_at=mark.at, kind=EntryKind.MARKED_PRIVATE)
    assert told.but(asked=(part,)).kept() == [(0, 30)]
    assert is_settled(settled(told.call))
