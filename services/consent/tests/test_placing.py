"""Several persons placed at once end as they would one after another."""

from itertools import count
from uuid import UUID

from recital_consent.decisions.placing import Digest, Placed, place
from recital_consent.model.subjects import IdentifierKind, Known

NUMBER, OTHER_NUMBER = (IdentifierKind.NUMBER, b"1"), (IdentifierKind.NUMBER, b"2")
CUSTOMER, OTHER_CUSTOMER = (IdentifierKind.CUSTOMER_NUMBER, b"a"), (IdentifierKind.CUSTOMER_NUMBER, b"b")
OLD = UUID(int=1)


def placed(*people: frozenset[Digest] | None, known: tuple[Known, ...] = ()) -> Placed:
    return place(people, known, (UUID(int=100 + number) for number in count()))


def said(*digests: Digest) -> frozenset[Digest]:
    return frozenset(digests)


def test_of_whom_nothing_is_said_is_nobody() -> None:
    assert placed(None) == Placed((None,), {}, {})
    assert not placed(None).is_news


def test_who_is_known_is_found_and_nothing_is_new() -> None:
    found = placed(said(NUMBER), known=(Known(OLD, said(NUMBER)),))
    assert (found.subjects, found.is_news) == ((OLD,), False)


def test_a_new_person_twice_is_one_and_learns_what_is_said_later() -> None:
    found = placed(said(NUMBER), said(NUMBER, CUSTOMER), said(CUSTOMER))
    new = UUID(int=100)
    assert found == Placed((new, new, new), {new: [0, 1]}, {})


def test_a_known_person_is_extended_once_by_each_who_tells_more() -> None:
    found = placed(said(NUMBER, CUSTOMER), said(CUSTOMER), known=(Known(OLD, said(NUMBER)),))
    assert found == Placed((OLD, OLD), {}, {OLD: [0]})


def test_two_customers_on_one_telephone_stay_two() -> None:
    found = placed(said(NUMBER, CUSTOMER), said(NUMBER, OTHER_CUSTOMER), said(OTHER_NUMBER))
    assert len(set(found.subjects)) == 3


def test_a_bare_name_is_somebody_new_each_time() -> None:
    assert len(set(placed(said(), said()).subjects)) == 2
