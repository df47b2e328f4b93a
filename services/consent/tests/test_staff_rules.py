"""What protects staff: sampling (R19), calls among staff only (R27), and whose law is the strictest."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from recital_consent.decisions.jurisdiction import PROFILES, STRICTEST
from recital_consent.decisions.publishing import publishing_problems
from recital_consent.decisions.sampling import Candidate, drawn_of, is_candidate, month_of
from recital_consent.model.purposes import (
    Basis,
    BasisKind,
    CouncilKind,
    Monitoring,
    PurposeDraft,
    Sample,
    StaffOnly,
    StaffSafeguards,
    WorksCouncil,
)

if TYPE_CHECKING:
    from services.consent.tests.conftest import Scene


def test_r19_a_sampled_purpose_that_was_not_drawn_keeps_nothing_and_says_so(bare: "Scene") -> None:
    bare.purpose("main", drawn=False).purpose("other").staff("agent").other("customer")
    bare.notice(-5, -1, "customer", purposes=("main", "other"))
    assert bare.kept("main") == []
    assert bare.kept("other") == [(0, None)]
    assert [(each.code, each.rule, each.purpose) for each in bare.verdict(5).reasons] == [
        ("not_sampled", "R19", "main")
    ]


def test_r19_the_draw_is_a_share_of_all_digests_and_always_the_same() -> None:
    digests = [number.to_bytes(8, "big") + bytes(24) for number in range(0, 2**64, 2**64 // 1_000)]
    drawn = [is_candidate(digest, share_percent=20) for digest in digests]
    assert sum(drawn) == pytest.approx(200, abs=2)
    assert drawn == [is_candidate(digest, share_percent=20) for digest in digests]
    assert all(is_candidate(digest, share_percent=100) for digest in digests)


def test_r19_a_month_is_counted_in_the_tenants_own_time(told: "Scene") -> None:
    answered = told.call.answered_at
    assert answered is not None
    new_year = answered.replace(month=12, day=31, hour=23, minute=30)
    assert str(month_of(new_year, "Europe/Amsterdam")) == "2027-01-01"
    assert str(month_of(new_year, "UTC")) == "2026-12-01"


def test_r27_staff_only_are_recorded_for_the_purpose_of_an_exception_until_it_ends(bare: "Scene") -> None:
    answered = bare.call.answered_at
    assert answered is not None
    today = answered.date()
    bare.purpose("main", staff_only_until=today).purpose("other").staff("agent").staff("colleague")
    assert bare.kept("main") == [(0, None)]
    assert bare.kept("other") == []
    assert bare.verdict(5).may_record
    assert [(each.code, each.rule, each.purpose) for each in bare.verdict(5).reasons] == [
        ("staff_only", "R27", "other")
    ]
    assert bare.but(answered_at=answered + timedelta(days=1)).kept("main") == []


def test_r27_one_of_the_staff_alone_talks_to_nobody(bare: "Scene") -> None:
    answered = bare.call.answered_at
    assert answered is not None
    bare.purpose("main", staff_only_until=answered.date()).staff("agent").staff("colleague")
    assert bare.then("left", 30, "colleague").kept() == [(0, 30)]
    assert bare.reasons(40) == [("staff_only", "R27", None)]


def test_r27_with_an_exception_a_customer_must_still_have_been_told(bare: "Scene") -> None:
    answered = bare.call.answered_at
    assert answered is not None
    bare.purpose("main", staff_only_until=answered.date()).staff("agent").staff("colleague").other("customer")
    assert bare.then("joined", 10, "customer").kept() == [(0, 10)]


@pytest.mark.parametrize("country", ["BE", "DE"])
def test_in_belgium_and_germany_all_parties_must_consent_whatever_the_basis(told: "Scene", country: str) -> None:
    assert told.but(country=country).kept() == []
    assert ("consent_missing", "R08", "customer") in told.reasons(5)
    assert told.then("consent_given", 5, "customer").kept() == [(5, None)]


def test_no_profile_is_stricter_than_that_of_an_unknown_country() -> None:
    assert PROFILES["NL"].all_parties_consent is False
    assert all(STRICTEST.all_parties_consent >= each.all_parties_consent for each in PROFILES.values())
    assert set(PROFILES) == {"NL", "BE", "DE"}


def test_r19_calls_are_drawn_while_every_member_of_staff_in_them_is_under_the_months_cap() -> None:
    purpose, one, other = UUID(int=1), UUID(int=2), UUID(int=3)
    sample = Sample(share_percent=100, cap_per_month=2)
    calls = [
        Candidate(UUID(int=10), purpose, sample, frozenset({one})),
        Candidate(UUID(int=11), purpose, sample, frozenset({one, other})),
        Candidate(UUID(int=12), purpose, sample, frozenset({other})),
        Candidate(UUID(int=13), purpose, sample, frozenset()),
    ]
    drawn, more = drawn_of(calls, {(purpose, one): 1})
    assert drawn == {(UUID(int=number), purpose) for number in (10, 12, 13)}
    assert dict(more) == {(purpose, one): 1, (purpose, other): 1}


@pytest.mark.parametrize(
    ("guards", "wrong"),
    [
        ({"monitoring": Monitoring.SAMPLED}, [("staff_safeguards.sample", "R19")]),
        ({"monitoring": Monitoring.SAMPLED, "sample": Sample(share_percent=5, cap_per_month=4)}, []),
        ({"sample": Sample(share_percent=5, cap_per_month=4)}, [("staff_safeguards.sample", "R19")]),
        (
            {"monitoring": Monitoring.CONTINUOUS, "necessity": "Why"},
            [("staff_safeguards.dpia", "R19")],
        ),
        ({"staff_only": StaffOnly(until=date(2026, 3, 2), necessity="Why")}, []),
        (
            {"staff_only": StaffOnly(until=date(2026, 3, 1), necessity="Why")},
            [("staff_safeguards.staff_only.until", "R27")],
        ),
    ],
)
def test_a_purpose_that_watches_staff_says_how_much_or_why_and_an_exception_has_an_end(
    guards: dict[str, Any], wrong: list[tuple[str, str]]
) -> None:
    draft = PurposeDraft(
        key="main",
        title="Quality",
        basis=Basis(kind=BasisKind.CONTRACT),
        notices={"nl": "Wij nemen op."},
        retention="P1M",
        roles=frozenset({"reviewer"}),
        staff_safeguards=StaffSafeguards(works_council=WorksCouncil(kind=CouncilKind.NONE_FEWER_THAN_50), **guards),
    )
    found = publishing_problems(draft, None, date(2026, 3, 2))
    assert [(each.field, each.rule) for each in found] == wrong
