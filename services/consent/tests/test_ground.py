"""The lawful ground of each moment (R08, R17), the law of other countries, and what staff were told (R20)."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from recital_consent.model.calls import PartyKind
from recital_consent.model.purposes import BasisKind

if TYPE_CHECKING:
    from services.consent.tests.conftest import Scene

NO = ["consent_refused", "consent_withdrawn", "objected"]
REMAINING = [BasisKind.CONTRACT, BasisKind.LEGAL_OBLIGATION, BasisKind.VITAL_INTERESTS]
OBJECTIONABLE = [BasisKind.LEGITIMATE_INTERESTS, BasisKind.PUBLIC_TASK]


def asked(bare: "Scene", basis: BasisKind = BasisKind.CONSENT) -> "Scene":
    return bare.purpose("main", basis).staff("agent").other("customer").notice(0, 4, "customer")


# Basis consent.


def test_without_consent_nothing_is_kept(bare: "Scene") -> None:
    assert asked(bare).kept() == []
    assert bare.reasons(10) == [("consent_missing", "R08", "customer")]


def test_consent_counts_from_when_it_was_given(bare: "Scene") -> None:
    assert asked(bare).then("consent_given", 6, "customer").kept() == [(6, None)]
    assert bare.verdict(6).may_record


def test_consent_at_the_moment_the_party_was_told_counts(bare: "Scene") -> None:
    assert asked(bare).then("consent_given", 4, "customer").kept() == [(4, None)]


def test_consent_before_the_party_was_told_does_not_count(bare: "Scene") -> None:
    assert asked(bare).then("consent_given", 3, "customer").kept() == []


def test_consent_that_lists_another_purpose_does_not_count(bare: "Scene") -> None:
    asked(bare).purpose("other", BasisKind.CONSENT)
    assert bare.then("consent_given", 6, "customer", purposes=("other",)).kept() == []
    assert bare.then("consent_given", 8, "customer", purposes=("main", "other")).kept() == [(8, None)]


def test_every_party_present_that_is_not_staff_must_consent(bare: "Scene") -> None:
    asked(bare).other("partner", PartyKind.THIRD_PARTY, registered=False).notice(0, 4, "partner")
    bare.then("consent_given", 6, "customer").then("joined", 10, "partner").then("consent_given", 12, "partner")
    assert bare.kept() == [(6, 10), (12, None)]


def test_staff_need_not_consent_and_their_refusal_does_not_touch_it(bare: "Scene") -> None:
    asked(bare).then("consent_given", 6, "customer").then("consent_refused", 8, "agent")
    assert bare.kept() == [(6, None)]


@pytest.mark.parametrize("kind", NO)
def test_a_no_takes_away_what_was_recorded_before_it(bare: "Scene", kind: str) -> None:
    asked(bare).then("consent_given", 6, "customer").then(kind, 20, "customer")
    assert bare.kept() == []
    assert bare.reasons(30) == [(kind, "R17" if kind == "objected" else "R08", "customer")]


@pytest.mark.parametrize("kind", NO)
def test_a_no_takes_away_also_from_before_that_party_joined(bare: "Scene", kind: str) -> None:
    asked(bare).other("partner", registered=False).notice(0, 4, "partner").then("consent_given", 6, "customer")
    assert bare.then("joined", 10, "partner").then(kind, 12, "partner").kept() == []


@pytest.mark.parametrize("kind", NO)
def test_a_no_closes_the_purpose_also_after_that_party_left(bare: "Scene", kind: str) -> None:
    asked(bare).other("partner").notice(0, 4, "partner").then("consent_given", 6, "customer")
    bare.then("consent_given", 6, "partner").then(kind, 12, "partner").then("left", 14, "partner")
    assert bare.kept() == []
    assert bare.reasons(20)[0][2] == "partner"


@pytest.mark.parametrize("kind", NO)
def test_who_consents_again_opens_the_purpose_from_then_on(bare: "Scene", kind: str) -> None:
    asked(bare).then("consent_given", 6, "customer").then(kind, 12, "customer")
    assert bare.then("consent_given", 20, "customer").kept() == [(20, None)]


@pytest.mark.parametrize("kind", NO)
def test_at_one_instant_a_no_wins_over_consent(bare: "Scene", kind: str) -> None:
    assert asked(bare).then("consent_given", 6, "customer").then(kind, 6, "customer").kept() == []


@pytest.mark.parametrize("kind", NO)
def test_a_no_after_the_end_still_counts(bare: "Scene", kind: str) -> None:
    asked(bare).then("consent_given", 6, "customer").then("ended", 60)
    assert bare.then(kind, 100, "customer").then("consent_given", 110, "customer").kept() == []


def test_the_consent_of_one_does_not_open_what_another_closed(bare: "Scene") -> None:
    asked(bare).other("partner").notice(0, 4, "partner").then("consent_given", 6, "customer")
    assert bare.then("consent_refused", 8, "partner").then("consent_given", 10, "customer").kept() == []


def test_of_several_noes_the_last_is_named(bare: "Scene") -> None:
    asked(bare).then("consent_refused", 20, "customer").then("consent_withdrawn", 10, "customer")
    assert bare.reasons(30) == [("consent_refused", "R08", "customer")]


# Legitimate interests and public task.


@pytest.mark.parametrize("basis", OBJECTIONABLE)
@pytest.mark.parametrize("kind", NO)
@pytest.mark.parametrize("party", ["customer", "agent"])
def test_a_no_by_whoever_takes_the_purpose_away_for_the_whole_call(
    bare: "Scene", basis: BasisKind, kind: str, party: str
) -> None:
    asked(bare, basis)
    assert bare.kept() == [(4, None)]
    assert bare.then(kind, 20, party).then("consent_given", 30, party).kept() == []
    assert bare.reasons(40) == [("objected", "R17", party)]


@pytest.mark.parametrize("basis", OBJECTIONABLE)
def test_an_objection_after_the_end_counts(bare: "Scene", basis: BasisKind) -> None:
    assert asked(bare, basis).then("ended", 60).then("objected", 90, "customer").kept() == []


def test_an_objection_that_lists_purposes_touches_only_those(bare: "Scene") -> None:
    asked(bare, BasisKind.LEGITIMATE_INTERESTS).purpose("other", BasisKind.LEGITIMATE_INTERESTS)
    bare.notice(0, 4, "customer", purposes=("other",)).then("objected", 20, "customer", purposes=("other",))
    assert bare.kept("main") == [(4, None)]
    assert bare.kept("other") == []


@pytest.mark.parametrize("basis", REMAINING)
@pytest.mark.parametrize("kind", NO)
def test_contract_legal_obligation_and_vital_interest_remain(bare: "Scene", basis: BasisKind, kind: str) -> None:
    assert asked(bare, basis).then(kind, 20, "customer").kept() == [(4, None)]


def test_a_balancing_test_past_its_review_is_no_ground(bare: "Scene") -> None:
    bare.purpose("main", BasisKind.LEGITIMATE_INTERESTS, review_on=date(2026, 3, 1)).staff("agent").other("customer")
    assert bare.notice(0, 4, "customer").kept() == []
    assert bare.reasons(10) == [("basis_expired", "R08", None)]


def test_a_balancing_test_is_good_on_the_day_of_its_review(bare: "Scene") -> None:
    bare.purpose("main", BasisKind.LEGITIMATE_INTERESTS, review_on=date(2026, 3, 2)).staff("agent").other("customer")
    assert bare.notice(0, 4, "customer").kept() == [(4, None)]


# Jurisdiction.


def test_a_dutch_number_under_a_dutch_tenant_asks_no_consent(bare: "Scene") -> None:
    bare.purpose("main").staff("agent", region="NL").other("customer", region="NL")
    assert bare.notice(0, 4, "customer").kept() == [(4, None)]


@pytest.mark.parametrize("region", ["BE", "DE", "001", "ZZ"])
def test_a_country_we_do_not_know_is_the_strictest_and_all_must_consent(bare: "Scene", region: str) -> None:
    bare.purpose("main").staff("agent").other("customer", region=region).notice(0, 4, "customer")
    assert bare.kept() == []
    assert bare.then("consent_given", 6, "customer").kept() == [(6, None)]
    assert bare.then("consent_withdrawn", 8, "customer").kept() == []


def test_the_tenants_own_country_counts_too(bare: "Scene") -> None:
    assert asked(bare, BasisKind.CONTRACT).but(country="BE").kept() == []


# Staff (R20).


def test_staff_who_had_no_notice_of_their_own_are_not_recorded(bare: "Scene") -> None:
    bare.purpose("main").staff("agent", announced={}).other("customer").notice(0, 4, "customer")
    assert bare.kept() == []
    assert bare.reasons(10) == [("staff_not_announced", "R20", "agent")]


def test_staff_who_were_told_of_an_older_version_only_are_not_recorded(bare: "Scene") -> None:
    bare.purpose("main", version=3).staff("agent").other("customer").notice(0, 4, "customer")
    assert bare.kept() == []


def test_staff_who_were_told_after_the_call_began_are_not_recorded(bare: "Scene") -> None:
    bare.purpose("main").other("customer").notice(0, 4, "customer")
    answer = bare.call.answered_at
    assert answer is not None
    bare.staff("agent", announced={("main", 1): answer + timedelta(seconds=1)})
    assert bare.kept() == []


def test_a_bot_needs_no_notice_of_its_own(bare: "Scene") -> None:
    bare.purpose("main").bot("ivr").other("customer").notice(0, 4, "customer")
    assert bare.kept() == [(4, None)]
