"""Persons: what each is known by, two that are one, and two again."""

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from recital_consent.actions import merging, resolving, subjects
from recital_consent.actions.subjects import Person
from recital_consent.decisions.identifying import is_withheld
from recital_consent.decisions.merging import is_shown, merge_refusal
from recital_consent.model.merging import Merge, MergeState
from recital_consent.model.subjects import IdentifierKind, Standing
from recital_errors import Conflict, Forbidden, Malformed, NotFound
from recital_identity import Principal, Role

if TYPE_CHECKING:
    from services.consent.tests.conftest import Desk

K = IdentifierKind
NUMBER = (K.NUMBER, "06 12345678")
CALLS = count()


def standing(number: int, *, into: int | None = None, has_merged: bool = False) -> Standing:
    merged_into = UUID(int=into) if into else None
    return Standing(
        id=UUID(int=number), staff=False, bot=False, left_at=None, merged_into=merged_into, has_merged=has_merged
    )


@pytest.mark.parametrize(
    ("one", "other", "code"),
    [
        (standing(1), standing(2), None),
        (standing(1, has_merged=True), standing(2), None),
        (standing(1), standing(1), "subjects_same"),
        (standing(1, into=3), standing(2), "subject_merged"),
        (standing(1), standing(2, into=3), "subject_merged"),
        (standing(1), standing(2, has_merged=True), "subject_merged"),
    ],
)
def test_merges_do_not_chain(one: Standing, other: Standing, code: str | None) -> None:
    assert merge_refusal(one, other) == code


def test_two_identifiers_that_both_have_show_that_they_are_one() -> None:
    one, two, three = (K.NUMBER, b"1"), (K.EMAIL, b"2"), (K.EMAIL, b"3")
    assert is_shown([one, two], [two, one, three])
    assert not is_shown([one, two], [two, three])
    assert not is_shown([one, one], [one, one])


@pytest.mark.parametrize("said", ["anonymous", " Withheld ", "sip:anonymous@anonymous.invalid", "onbekend"])
def test_a_withheld_number_is_known_in_every_form_exchanges_send(said: str) -> None:
    assert is_withheld(said)
    assert not is_withheld("+31612345678")


# With the database.


async def customer(desk: "Desk", customer_number: str) -> UUID:
    """A customer who has called, known by this."""
    who = replace(desk.customer, number=None, name=None, customer_number=customer_number)
    call = await desk.register(f"call-{next(CALLS)}", parties=(who, desk.staff))
    (subject,) = set(call.subjects) - {desk.agent}
    return subject


async def two(desk: "Desk") -> tuple[UUID, UUID]:
    return await customer(desk, customer_number="C-1"), await customer(desk, customer_number="C-2")


async def add(desk: "Desk", subject: UUID, *asked: tuple[K, str], verified: bool = True) -> Person:
    async with desk.database.transaction(desk.tenant) as tx:
        for each in asked:
            person = await subjects.add_identifier(desk.means, tx, subject, each, verified=verified)
        return person


async def read(desk: "Desk", subject: UUID) -> Person:
    async with desk.database.transaction(desk.tenant) as tx:
        return await subjects.read_person(desk.means, tx, subject)


def officer(desk: "Desk", name: str) -> Principal:
    return replace(desk.principal(Role.PRIVACY_OFFICER), subject=name)


async def merge(desk: "Desk", subject: UUID, merged: UUID) -> Merge:
    async with desk.database.transaction(desk.tenant) as tx:
        return await merging.merge_subjects(desk.means, tx, officer(desk, "one"), subject, merged)


async def approve(desk: "Desk", merge_id: UUID, by: str) -> Merge:
    async with desk.database.transaction(desk.tenant) as tx:
        return await merging.approve_merge(desk.means, tx, officer(desk, by), merge_id)


async def split(desk: "Desk", merge_id: UUID) -> Merge:
    async with desk.database.transaction(desk.tenant) as tx:
        return await merging.split_subjects(tx, merge_id)


async def resolved(desk: "Desk", *asked: tuple[K, str]) -> set[UUID]:
    async with desk.database.transaction(desk.tenant) as tx:
        return set(await resolving.resolve_subjects(desk.means, tx, UUID(int=1), asked))


async def test_a_withheld_number_is_no_identity_and_no_error(desk: "Desk") -> None:
    call = await desk.register(parties=(replace(desk.customer, number="anonymous", name=None), desk.staff))
    assert call.subjects == (desk.agent,)


async def test_a_person_is_known_by_more_and_by_less(desk: "Desk") -> None:
    subject = await customer(desk, customer_number="C-1")
    person = await add(desk, subject, NUMBER, (K.EMAIL, "Jo@Example.nl"))
    assert [(each.identifier.value, each.verified_at is not None) for each in person.identifiers] == [
        ("C-1", False),
        ("+31612345678", True),
        ("jo@example.nl", True),
    ]
    assert await resolved(desk, NUMBER) == {subject}
    async with desk.database.transaction(desk.tenant) as tx:
        verified = await subjects.verify_identifier(desk.means, tx, subject, (K.CUSTOMER_NUMBER, "C-1"))
        assert all(each.verified_at for each in verified.identifiers)
        await subjects.remove_identifier(desk.means, tx, subject, NUMBER)
        for wrong in (subjects.remove_identifier, subjects.verify_identifier):
            with pytest.raises(NotFound):
                await wrong(desk.means, tx, subject, NUMBER)
            with pytest.raises(Malformed):
                await wrong(desk.means, tx, subject, (K.NUMBER, "12"))
    assert [each.identifier.kind for each in (await read(desk, subject)).identifiers] == [K.CUSTOMER_NUMBER, K.EMAIL]
    assert await resolved(desk, NUMBER) == set()
    assert {each["kind"] for each in await desk.ledger("identifier.removed")} == {"number"}


async def test_a_shared_telephone_is_a_warning_and_another_persons_number_a_conflict(desk: "Desk") -> None:
    one, other = await two(desk)
    await add(desk, one, NUMBER)
    person = await add(desk, other, NUMBER)
    assert [each.is_shared for each in person.identifiers] == [False, True]
    with pytest.raises(Conflict) as refused:
        await add(desk, other, (K.CUSTOMER_NUMBER, "C-1"))
    assert refused.value.code == "identifier_of_another"
    async with desk.database.transaction(desk.tenant) as tx:
        found = await subjects.search(desk.means, tx, [NUMBER])
        assert {(each.standing.id, each.is_shared) for each in found} == {(one, True), (other, True)}
        (single,) = await subjects.search(desk.means, tx, [(K.CUSTOMER_NUMBER, "C-1")])
        assert (single.standing.id, single.kinds, single.is_shared) == (one, [K.CUSTOMER_NUMBER], False)


async def test_two_shared_verified_identifiers_merge_at_once(desk: "Desk") -> None:
    one, other = await two(desk)
    both = (NUMBER, (K.NUMBER, "020 1234567"))
    await add(desk, one, *both)
    await add(desk, other, *both, verified=False)
    assert (await merge(desk, one, other)).state is MergeState.PROPOSED
    third = await customer(desk, customer_number="C-3")
    await add(desk, third, *both)
    merged = await merge(desk, one, third)
    assert merged.state is MergeState.MERGED
    assert await merge(desk, one, third) == merged
    (event,) = await desk.events("subject.merged")
    assert (event["subject"], event["merged"]) == (str(one), str(third))


async def test_else_a_second_officer_agrees_and_both_are_then_one_person_everywhere(desk: "Desk") -> None:
    one, other = await two(desk)
    proposed = await merge(desk, one, other)
    with pytest.raises(Forbidden) as refused:
        await approve(desk, proposed.id, "one")
    assert refused.value.code == "second_person_needed"
    assert await desk.events("subject.merged") == []
    merged = await approve(desk, proposed.id, "two")
    assert merged.state is MergeState.MERGED
    assert await approve(desk, proposed.id, "three") == merged
    assert await resolved(desk, (K.CUSTOMER_NUMBER, "C-2")) == {one, other}
    assert await customer(desk, customer_number="C-2") == one
    person = await read(desk, one)
    assert (person.merged, person.standing.has_merged) == ([other], True)
    for subject, into in ((other, one), (one, one)):
        with pytest.raises(Conflict):
            await merge(desk, subject, into)
    async with desk.database.transaction(desk.tenant) as tx:
        assert [each.id for each in await merging.list_merges(tx, after=None, most=9)] == [merged.id]
        assert await merging.list_merges(tx, after=merged.id, most=9) == []


async def test_a_merge_can_be_undone_and_a_proposed_one_taken_back(desk: "Desk") -> None:
    one, other = await two(desk)
    proposed = await merge(desk, one, other)
    await approve(desk, proposed.id, "two")
    undone = await split(desk, proposed.id)
    assert await split(desk, proposed.id) == undone
    (event,) = await desk.events("subject.split")
    assert (event["subject"], event["split"]) == (str(one), str(other))
    assert await customer(desk, customer_number="C-2") == other
    again = await merge(desk, one, other)
    await split(desk, again.id)
    assert len(await desk.events("subject.split")) == 1
    with pytest.raises(NotFound):
        await split(desk, UUID(int=4))


async def test_an_erased_person_is_not_merged_and_gives_back_whom_it_had(desk: "Desk") -> None:
    one, other = await two(desk)
    await approve(desk, (await merge(desk, one, other)).id, "two")
    await desk.order_erasure(one, "identity")
    assert await customer(desk, customer_number="C-2") == other
    async with desk.database.transaction(desk.tenant) as tx:
        await tx.execute("update subjects set key_id = null, sealed = null where id = :id", {"id": one})
    assert await desk.count("subject_merges", "state = 'merged'") == 0
    with pytest.raises(NotFound):
        await merge(desk, other, one)
    with pytest.raises(NotFound):
        await read(desk, one)
