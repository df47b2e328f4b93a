"""What may be opened, published and registered, and whom a description is of."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from recital_consent.decisions.identifying import described, e164, normalised, which_subject
from recital_consent.decisions.opening import opening_problems
from recital_consent.decisions.patience import wait_after
from recital_consent.decisions.publishing import days_of, publishing_problems
from recital_consent.decisions.registering import began_at, registering_problems, speakable, spoken
from recital_consent.model.calls import Direction, EntryKind, PartyKind
from recital_consent.model.drafts import CallDraft, EntryDraft, PartyDraft
from recital_consent.model.purposes import (
    Basis,
    BasisKind,
    CouncilKind,
    Monitoring,
    PurposeDraft,
    PurposeVersion,
    StaffSafeguards,
    WorksCouncil,
)
from recital_consent.model.subjects import Described, Identifier, IdentifierKind, Known
from recital_consent.model.tenants import TenantDraft

TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NONE = WorksCouncil(kind=CouncilKind.NONE_FEWER_THAN_50)
K = IdentifierKind


def draft(**changes: Any) -> PurposeDraft:
    sound = PurposeDraft(
        key="order_evidence",
        title="Evidence",
        basis=Basis(kind=BasisKind.CONTRACT),
        notices={"nl": "Wij nemen op."},
        retention="P6M",
        roles=frozenset({"case_handler"}),
    )
    return replace(sound, **changes)


def wrong(made: PurposeDraft, council: WorksCouncil | None = NONE) -> list[tuple[str, str, str | None]]:
    return [(each.field, each.code, each.rule) for each in publishing_problems(made, council, TODAY)]


# Purposes.


def test_a_complete_purpose_may_be_published() -> None:
    assert wrong(draft()) == []


@pytest.mark.parametrize(
    ("change", "field", "code", "rule"),
    [
        ({"key": "Order"}, "key", "key_malformed", "R04"),
        ({"key": "legal_claims"}, "key", "purpose_built_in", "R04"),
        ({"notices": {}}, "notices", "notice_text_missing", "R03"),
        ({"notices": {"Dutch": "x"}}, "notices", "language_malformed", "R03"),
        ({"retention": "six months"}, "retention", "retention_malformed", "R11"),
        ({"retention": "P0D"}, "retention", "retention_malformed", "R11"),
        ({"retention": "P200Y"}, "retention", "retention_malformed", "R11"),
        ({"roles": frozenset()}, "roles", "roles_missing", "R10"),
        ({"roles": frozenset({"integrator"})}, "roles", "role_may_not_listen", "R10"),
        ({"hold_suppressed": False}, "hold_necessity", "hold_necessity_missing", "R19"),
    ],
)
def test_a_purpose_names_what_is_wrong_with_it(change: dict[str, Any], field: str, code: str, rule: str) -> None:
    assert wrong(draft(**change)) == [(field, code, rule)]


def test_recording_on_hold_needs_a_written_necessity() -> None:
    assert wrong(draft(hold_suppressed=False, hold_necessity="Disputes arise there.")) == []


@pytest.mark.parametrize(
    ("basis", "missing"),
    [
        (Basis(kind=BasisKind.CONSENT), ["texts", "withdrawal"]),
        (Basis(kind=BasisKind.CONSENT, texts={"nl": "Mag het?"}, withdrawal="Bel ons."), []),
        (Basis(kind=BasisKind.LEGAL_OBLIGATION), ["citation"]),
        (Basis(kind=BasisKind.LEGAL_OBLIGATION, citation="art. 1"), []),
        (Basis(kind=BasisKind.LEGITIMATE_INTERESTS), ["document", "outcome", "review_on"]),
        (Basis(kind=BasisKind.LEGITIMATE_INTERESTS, document="LIA-1", outcome="ours", review_on=TODAY), []),
        (Basis(kind=BasisKind.CONTRACT), []),
        (Basis(kind=BasisKind.VITAL_INTERESTS), []),
        (Basis(kind=BasisKind.PUBLIC_TASK), ["citation"]),
        (Basis(kind=BasisKind.PUBLIC_TASK, citation="art. 2"), []),
    ],
)
def test_each_basis_needs_what_shows_that_it_holds(basis: Basis, missing: list[str]) -> None:
    assert wrong(draft(basis=basis)) == [(f"basis.{name}", "basis_incomplete", "R08") for name in missing]


def test_a_balancing_test_past_its_review_is_refused() -> None:
    basis = Basis(
        kind=BasisKind.LEGITIMATE_INTERESTS, document="LIA-1", outcome="ours", review_on=TODAY - timedelta(days=1)
    )
    assert wrong(draft(basis=basis)) == [("basis.review_on", "basis_expired", "R08")]


def test_the_works_council_is_named_by_the_purpose_or_by_the_tenant() -> None:
    own = draft(staff_safeguards=StaffSafeguards(works_council=NONE))
    assert wrong(own, None) == []
    assert wrong(draft(), None) == [("staff_safeguards.works_council", "works_council_missing", "R20")]
    unsaid = WorksCouncil(kind=CouncilKind.REFERENCE)
    assert wrong(draft(), unsaid) == [("staff_safeguards.works_council.reference", "works_council_missing", "R20")]
    assert wrong(draft(), WorksCouncil(kind=CouncilKind.REFERENCE, reference="OR-7")) == []


def test_watching_staff_continuously_needs_a_necessity_and_a_dpia() -> None:
    guards = StaffSafeguards(monitoring=Monitoring.CONTINUOUS)
    assert [field for field, _, _ in wrong(draft(staff_safeguards=guards))] == [
        "staff_safeguards.necessity",
        "staff_safeguards.dpia",
    ]
    whole = StaffSafeguards(monitoring=Monitoring.CONTINUOUS, necessity="needed", dpia="DPIA-1")
    assert wrong(draft(staff_safeguards=whole)) == []


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("P6M", 186),
        ("P1Y", 366),
        ("P2W", 14),
        ("PT36H", 1.5),
        ("P", None),
        ("P1.5D", None),
        ("P" + "9" * 40 + "D", None),
    ],
)
def test_durations_are_read_in_whole_numbers(text: str, days: float | None) -> None:
    assert days_of(text) == days


def test_a_duration_that_overflows_is_none() -> None:
    assert days_of("P" + "9" * 30 + "D") is None


# Tenants.


def test_a_tenant_names_what_is_wrong_with_it() -> None:
    sound = TenantDraft(name="x", country="NL", time_zone="Europe/Amsterdam", languages=("nl",), number_region="NL")
    assert opening_problems(sound) == []
    bad = TenantDraft(name="x", country="nl", time_zone="Mars/Base", languages=(), number_region="XX")
    assert [each.field for each in opening_problems(bad)] == ["country", "time_zone", "languages", "number_region"]


# Calls.


def purpose(key: str = "order_evidence", *languages: str) -> PurposeVersion:
    made = draft(key=key, notices=dict.fromkeys(languages or ("nl",), "text"))
    return PurposeVersion(id=UUID(int=1), version=1, draft=made, notice_sha256={}, published_at=NOW, in_force_from=NOW)


def call(**changes: Any) -> CallDraft:
    made = CallDraft(
        external_id="pbx-1",
        source=None,
        direction=Direction.INBOUND,
        language="nl",
        purposes=("order_evidence",),
        parties=(PartyDraft(label="customer", kind=PartyKind.CUSTOMER),),
        answered_at=None,
        references=(),
        entries=(),
        content=b"{}",
    )
    return replace(made, **changes)


def refused(made: CallDraft) -> list[tuple[str, str]]:
    return [(each.field, each.code) for each in registering_problems(made, {"order_evidence": purpose()}, NOW)]


def test_a_sound_call_may_be_registered() -> None:
    assert refused(call(answered_at=NOW)) == []


def test_a_call_names_what_is_wrong_with_it() -> None:
    party = PartyDraft(label="customer", kind=PartyKind.CUSTOMER)
    held = EntryDraft(id="e", kind=EntryKind.HELD, at=NOW, given=frozenset(), content=b"")
    assert refused(call(parties=(party, party))) == [("parties.1.party", "party_twice")]
    assert refused(call(purposes=("order_evidence", "order_evidence"))) == [("purposes.1", "purpose_twice")]
    assert refused(call(purposes=("nothing",))) == [("purposes.0", "purpose_unknown")]
    assert refused(call(language="fr")) == [("language", "language_without_text")]
    assert refused(call(answered_at=NOW + timedelta(seconds=6))) == [("answered_at", "entry_in_future")]
    assert refused(call(entries=(held, held))) == [("timeline", "entry_twice")]


def test_a_call_is_not_registered_for_a_purpose_that_was_retired() -> None:
    retired = replace(purpose(), retired_at=NOW)
    found = registering_problems(call(), {"order_evidence": retired}, NOW)
    assert [(each.field, each.code) for each in found] == [("purposes.0", "purpose_retired")]


def test_when_a_call_began_is_its_earliest_answer_or_now() -> None:
    answered = EntryDraft(id="a", kind=EntryKind.ANSWERED, at=NOW, given=frozenset(), content=b"")
    early, late = NOW - timedelta(minutes=5), NOW + timedelta(minutes=5)
    assert began_at(call(), late) == late
    assert began_at(call(entries=(answered,)), late) == NOW
    assert began_at(call(entries=(answered,), answered_at=early), late) == early


def test_a_calls_reference_can_be_told_over_the_telephone() -> None:
    one, other = speakable(UUID(int=1)), speakable(UUID(int=2))
    assert one != other
    assert one == speakable(UUID(int=1))
    assert len(one) == 9
    assert not set(one) & set("ILOUilou")


# Identifiers.


@pytest.mark.parametrize(
    ("number", "found"),
    [
        ("+31201234567", ("+31201234567", "NL")),
        ("020 123 45 67", ("+31201234567", "NL")),
        ("06-12345678", ("+31612345678", "NL")),
        ("+32 2 234 56 78", ("+3222345678", "BE")),
        ("+80012345678", ("+80012345678", "001")),
        ("12", None),
        ("call me", None),
        ("+3120123456789012", None),
    ],
)
def test_numbers_become_e164_with_their_country(number: str, found: tuple[str, str] | None) -> None:
    assert e164(number, "NL") == found


def test_identifiers_are_normalised() -> None:
    assert normalised(K.EMAIL, " Jo@Example.NL ", "NL") == "jo@example.nl"
    assert normalised(K.EMAIL, "no address", "NL") is None
    assert normalised(K.CUSTOMER_NUMBER, " A-1 ", "NL") == "A-1"
    assert normalised(K.STAFF_ID, "  ", "NL") is None
    assert normalised(K.NUMBER, "nothing", "NL") is None


def test_a_description_holds_what_was_said_or_names_the_fields_that_are_wrong() -> None:
    given = [(K.NUMBER, "0612345678"), (K.EMAIL, None), (K.STAFF_ID, "7")]
    made = described(given, name="Jo", region="NL", path="parties.0")
    assert made == Described((Identifier(K.NUMBER, "+31612345678"), Identifier(K.STAFF_ID, "7")), "Jo", "NL")
    bad = described([(K.NUMBER, "x"), (K.EMAIL, "y"), (K.STAFF_ID, " ")], name=None, region="NL", path="parties.0")
    assert isinstance(bad, list)
    assert [(each.field, each.code) for each in bad] == [
        ("parties.0.number", "number_invalid"),
        ("parties.0.email", "email_invalid"),
        ("parties.0.staff_id", "staff_id_invalid"),
    ]


def known(number: int, *digests: tuple[IdentifierKind, bytes]) -> Known:
    return Known(UUID(int=number), frozenset(digests))


PHONE, OTHER_PHONE, CLIENT, OTHER_CLIENT = (
    (K.NUMBER, b"p"),
    (K.NUMBER, b"q"),
    (K.CUSTOMER_NUMBER, b"c"),
    (K.CUSTOMER_NUMBER, b"d"),
)


@pytest.mark.parametrize(
    ("wanted", "people", "found"),
    [
        ([PHONE], [], None),
        ([PHONE], [known(1, PHONE)], 1),
        ([PHONE], [known(1, PHONE, CLIENT)], 1),
        ([PHONE], [known(1, PHONE, CLIENT), known(2, PHONE, OTHER_CLIENT)], None),
        ([PHONE], [known(1, PHONE, CLIENT), known(2, PHONE)], 2),
        ([PHONE, CLIENT], [known(1, PHONE)], 1),
        ([PHONE, CLIENT], [known(1, PHONE, OTHER_CLIENT)], None),
        ([PHONE, CLIENT], [known(1, PHONE), known(2, OTHER_PHONE, CLIENT)], 2),
        ([PHONE, CLIENT], [known(1, PHONE), known(2, PHONE, OTHER_CLIENT)], None),
        ([CLIENT], [known(2, CLIENT), known(1, CLIENT)], 1),
        ([CLIENT], [known(1, PHONE)], None),
    ],
)
def test_a_shared_telephone_is_no_identity_and_the_stronger_identifier_decides(
    wanted: list[tuple[IdentifierKind, bytes]], people: list[Known], found: int | None
) -> None:
    assert which_subject(wanted, people) == (UUID(int=found) if found else None)


def test_an_erasure_that_fails_is_tried_again_ever_more_slowly_but_never_given_up() -> None:
    assert [wait_after(tries).total_seconds() for tries in (0, 1, 5, 9, 10**6)] == [1, 2, 32, 300, 300]


def test_a_reference_is_understood_however_it_is_told() -> None:
    reference = speakable(UUID(int=1))
    told = reference.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert spoken(told) == spoken(reference) == reference
