"""What is proposed for an item, which decisions can stand, and what the person gets of it: pure."""

import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recital_dsar.actions.part_reading import understood
from recital_dsar.decisions.items import Chosen, Said, for_person, judge
from recital_dsar.decisions.proposing import Asking, Proposal, propose, words
from recital_dsar.model import Decision, Item, Party, RequestKind
from recital_errors import Reason

ASKER, OTHER = UUID(int=1), UUID(int=2)
CUSTOMER = Party("customer", "customer", ASKER, 0)
AGENT = Party("agent", "staff", OTHER, 1)
STRANGER = Party("bystander", "third_party", None, 2)
SHARING = Party("partner", "customer", OTHER, 0)
ACCESS, ERASURE, PORTABILITY = RequestKind.ACCESS, RequestKind.ERASURE, RequestKind.PORTABILITY


def asking(kind: RequestKind = ACCESS, **changed: Any) -> Asking:
    return Asking(**{"kind": kind, "subjects": frozenset({ASKER}), **changed})


def item(*parties: Party, kind: str = "recording", **changed: Any) -> Item:
    facts = {"part": UUID(int=4), "service": "ingest", "position": 0, "thing": UUID(int=5), "at": None}
    return Item(**{**facts, "id": UUID(int=3), "kind": kind, "parties": parties, **changed})


# Proposals


def test_everything_is_proposed_to_be_given_with_every_other_voice_muted() -> None:
    proposal = propose(asking(), item(CUSTOMER, AGENT, STRANGER))
    assert proposal == Proposal(Decision.GIVE, ("agent", "bystander"), Reason("others_muted", "R13"))


def test_our_staff_is_heard_where_the_tenant_says_so_and_nobody_else() -> None:
    open_house = asking(staff_voices_muted=False)
    assert propose(open_house, item(CUSTOMER, AGENT)) == Proposal(Decision.GIVE)
    heard = propose(open_house, item(CUSTOMER, AGENT, STRANGER))
    assert heard is not None
    assert heard.mute == ("bystander",)


def test_an_item_without_sound_has_nobody_to_mute() -> None:
    assert propose(asking(), item(CUSTOMER, AGENT, kind="call")) == Proposal(Decision.GIVE)


def test_an_unknown_party_is_muted_even_if_nobody_was_found() -> None:
    proposal = propose(asking(subjects=frozenset()), item(STRANGER))
    assert proposal is not None
    assert proposal.mute == ("bystander",)


def test_a_voice_that_shares_its_channel_with_another_cannot_be_given_by_itself() -> None:
    assert propose(asking(), item(CUSTOMER, SHARING)) == Proposal(
        Decision.WITHHOLD, reason=Reason("not_separable", "R13")
    )
    assert propose(asking(), item(CUSTOMER, AGENT, Party("pair", "staff", None, 1))) is not None


def test_what_was_asked_to_be_erased_is_kept_only_where_a_hold_needs_it() -> None:
    assert propose(asking(ERASURE), item(CUSTOMER)) == Proposal(Decision.ERASE)
    kept = propose(asking(ERASURE), item(CUSTOMER, held=True))
    assert kept == Proposal(Decision.KEEP, reason=Reason("legal_claims", "R14"), article="17(3)(e)")
    assert propose(asking(ERASURE), item(kind="identity", held=True)) == Proposal(Decision.ERASE)


@pytest.mark.parametrize("kind", [RequestKind.RESTRICTION, RequestKind.RECTIFICATION, RequestKind.OBJECTION])
def test_where_only_an_officer_can_know_nothing_is_proposed(kind: RequestKind) -> None:
    assert propose(asking(kind), item(CUSTOMER)) is None


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (item(CUSTOMER, bases=("contract",)), None),
        (item(CUSTOMER, bases=("consent", "legitimate_interests"), kind="call"), None),
        (item(kind="identity"), None),
        (item(CUSTOMER, bases=("legitimate_interests",)), "basis_not_portable"),
        (item(CUSTOMER, kind="call"), "basis_not_portable"),
        (item(kind="holding"), "not_provided"),
        (item(kind="request"), "not_provided"),
    ],
)
def test_only_what_a_person_gave_under_consent_or_contract_is_carried_over(one: Item, reason: str | None) -> None:
    proposal = propose(asking(PORTABILITY), one)
    assert proposal is not None
    assert (proposal.reason.code if proposal.reason else None) == reason
    assert (proposal.decision is Decision.WITHHOLD) is (reason is not None)


def test_every_reason_is_told_in_words_and_in_english_where_a_language_is_missing() -> None:
    assert "15 lid 4" in str(words("others_muted", "nl"))
    assert words("others_muted", "de") == words("others_muted", "en")
    assert words("unheard_of", "nl") is None
    assert words(None, "nl") is None


# Decisions


@pytest.mark.parametrize(
    ("decision", "mute", "ground", "expected"),
    [
        (Decision.GIVE, None, None, Chosen(Decision.GIVE, ("agent",))),
        (Decision.GIVE, ("agent",), None, Chosen(Decision.GIVE, ("agent",))),
        (Decision.GIVE, (), None, Reason("ground_missing", "R13")),
        (Decision.GIVE, (), "The colleague agreed.", Chosen(Decision.GIVE, (), "The colleague agreed.")),
        (Decision.MASK, None, None, Chosen(Decision.MASK, ("agent",))),
        (Decision.MASK, ("agent", "customer"), None, Chosen(Decision.MASK, ("customer", "agent"))),
        (Decision.MASK, (), "A reason.", Reason("nothing_to_mute")),
        (Decision.GIVE, ("nobody",), None, Reason("party_unknown")),
        (Decision.WITHHOLD, None, None, Reason("ground_missing", "R13")),
        (Decision.WITHHOLD, None, "15(4)", Chosen(Decision.WITHHOLD, (), "15(4)")),
        (Decision.WITHHOLD, ("agent",), "15(4)", Reason("mute_without_giving")),
        (Decision.KEEP, None, "17(3)", Reason("decision_not_for_kind")),
    ],
)
def test_an_officers_decision_is_completed_or_refused(
    decision: Decision, mute: tuple[str, ...] | None, ground: str | None, expected: Chosen | Reason
) -> None:
    assert judge(asking(), item(CUSTOMER, AGENT), Said(decision, mute, ground)) == expected


def test_voices_are_muted_in_recordings_only() -> None:
    call = item(CUSTOMER, AGENT, kind="call")
    assert judge(asking(), call, Said(Decision.GIVE, ("agent",))) == Reason("party_unknown")
    assert judge(asking(), call, Said(Decision.MASK)) == Reason("nothing_to_mute")


def test_voices_on_one_channel_are_both_given_with_a_ground_or_both_muted() -> None:
    both = item(CUSTOMER, SHARING)
    assert judge(asking(), both, Said(Decision.GIVE)) == Reason("not_separable", "R13")
    assert isinstance(judge(asking(), both, Said(Decision.GIVE, (), "They agreed.")), Chosen)
    assert isinstance(judge(asking(), both, Said(Decision.MASK, ("customer", "partner"))), Chosen)


def test_without_a_decision_each_item_gets_its_proposal_and_its_reason_in_the_persons_language() -> None:
    given = judge(asking(language="en"), item(CUSTOMER, AGENT), Said())
    assert given == Chosen(Decision.GIVE, ("agent",), words("others_muted", "en"), "others_muted")
    withheld = judge(asking(), item(CUSTOMER, SHARING), Said())
    assert withheld == Chosen(Decision.WITHHOLD, (), words("not_separable", "nl"), "not_separable")
    assert judge(asking(), item(CUSTOMER), Said(ground="Ours.")) == Chosen(Decision.GIVE, (), "Ours.")
    assert judge(asking(RequestKind.RESTRICTION), item(CUSTOMER), Said()) == Reason("nothing_proposed")


def test_an_erasure_as_proposed_takes_its_article_from_the_officer_and_keeps_under_the_exception() -> None:
    assert judge(asking(ERASURE), item(CUSTOMER), Said()) == Reason("article_missing", "R14")
    erased = judge(asking(ERASURE), item(CUSTOMER), Said(article="17(1)(a)"))
    assert erased == Chosen(Decision.ERASE, article="17(1)(a)")
    kept = judge(asking(ERASURE), item(CUSTOMER, held=True), Said(article="17(1)(a)"))
    expected = Chosen(Decision.KEEP, (), words("legal_claims", "nl"), "legal_claims", "17(3)(e)")
    assert kept == expected


def test_the_other_rights_are_judged_by_their_own_rules() -> None:
    wrong = judge(asking(ERASURE), item(CUSTOMER), Said(Decision.GIVE))
    assert wrong == Reason("decision_not_for_kind")
    corrected = Said(Decision.RECTIFY, article="16", wording="It was the other number.")
    assert isinstance(judge(asking(RequestKind.RECTIFICATION), item(CUSTOMER), corrected), Chosen)


@given(
    mute=st.none() | st.lists(st.sampled_from(["customer", "agent", "bystander"])),
    decision=st.sampled_from([Decision.GIVE, Decision.MASK]) | st.none(),
    kind=st.sampled_from([ACCESS, PORTABILITY]),
)
def test_without_a_ground_no_other_person_is_ever_heard(
    mute: list[str] | None, decision: Decision | None, kind: RequestKind
) -> None:
    one = item(CUSTOMER, AGENT, STRANGER, bases=("consent",))
    verdict = judge(asking(kind), one, Said(decision, None if mute is None else tuple(mute)))
    assert isinstance(verdict, Reason) or {"agent", "bystander"} <= set(verdict.mute)


# What the person gets


def test_the_person_gets_no_ids_of_others_and_is_told_which_party_they_are() -> None:
    parties = [
        {"party": "customer", "kind": "customer", "subject": str(ASKER)},
        {"party": "agent", "kind": "staff", "subject": str(OTHER)},
    ]
    given = for_person({"kind": "call", "id": "7", "parties": parties}, [ASKER])
    assert given["parties"] == [
        {"party": "customer", "kind": "customer", "you": True},
        {"party": "agent", "kind": "staff", "you": False},
    ]
    assert for_person({"kind": "identity", "name": "x"}, [ASKER]) == {"kind": "identity", "name": "x"}


def test_a_statement_about_every_purpose_is_understood() -> None:
    said = {"kind": "objection", "id": str(UUID(int=1)), "at": "2026-11-20T10:00:00Z", "purposes": None}
    named = {**said, "purposes": ["quality"]}
    read = understood(json.dumps({"items": [said, named]}).encode())
    assert [(each.kind, each.bases, each.content["purposes"]) for each in read.items] == [
        ("objection", (), None),
        ("objection", (), ["quality"]),
    ]
