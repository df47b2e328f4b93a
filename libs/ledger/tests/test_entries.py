"""Leaves: what they say, and that they say nothing about a person."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st
from recital_errors import Malformed
from recital_ledger import Entry, canonical, commitment, instant, leaf_data, leaf_hash, read_instant

SALT = bytes(range(16))
CALL = "01932c07-0000-7000-8000-000000000002"
ENTRY = Entry(
    id=UUID("01932c07-0000-7000-8000-000000000001"),
    kind="notice_played",
    at=datetime(2026, 11, 25, 12, 0, tzinfo=UTC),
    facts={"call": CALL, "version": 1},
    commitment=commitment(SALT, {"number": "+31612345678"}),
)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(-1e15, 1e15)
    | st.floats(1e21, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), inner, max_size=4)
    ),
    max_leaves=10,
)


def test_the_form_of_a_leaf_is_for_ever() -> None:
    assert ENTRY.data() == (
        b'{"at":"2026-11-25T12:00:00.000000Z",'
        b'"commitment":"b16db9a19a0887b017bf7094c78c347e1e3c4aa88bcda9eae16c6bace2361bce",'
        b'"facts":{"call":"01932c07-0000-7000-8000-000000000002","version":1},'
        b'"id":"01932c07-0000-7000-8000-000000000001","kind":"notice_played"}'
    )
    assert ENTRY.leaf_hash() == leaf_hash(ENTRY.data())


def test_a_commitment_is_the_hash_of_salt_and_canonical_details() -> None:
    assert commitment(SALT, {"b": 1, "a": "é"}) == hashlib.sha256(SALT + '{"a":"é","b":1}'.encode()).hexdigest()


def test_the_same_details_under_another_salt_cannot_be_recognised() -> None:
    assert commitment(SALT, {"number": "+31612345678"}) != commitment(bytes(16), {"number": "+31612345678"})


def test_a_leaf_shows_nothing_of_what_it_commits_to() -> None:
    assert b"31612345678" not in ENTRY.data()


@pytest.mark.parametrize("salt", [b"", bytes(15), bytes(17)])
def test_a_salt_of_another_length_is_refused(salt: bytes) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        commitment(salt, {})


def test_an_entry_survives_its_json_form_and_an_outsider_gets_the_same_leaf() -> None:
    # R21: checked without us.
    received = json.loads(json.dumps(ENTRY.as_json()))
    assert Entry.read(received) == ENTRY
    assert leaf_data(received) == ENTRY.data()


@pytest.mark.parametrize(
    "change",
    [
        {"id": CALL},
        {"kind": "notice_playe"},
        {"at": "2026-11-25T12:00:00.000001Z"},
        {"facts": {"call": CALL, "version": 2}},
        {"commitment": "0" * 64},
    ],
)
def test_whatever_is_changed_in_an_entry_changes_its_leaf(change: dict[str, Any]) -> None:
    assert leaf_hash(leaf_data({**ENTRY.as_json(), **change})) != ENTRY.leaf_hash()


@pytest.mark.parametrize(
    "change",
    [
        {"id": "nobody"},
        {"id": CALL.upper()},
        {"id": 7},
        {"kind": 7},
        {"at": "2026-11-25T12:00:00Z"},
        {"at": "2026-11-25T13:00:00.000000+01:00"},
        {"at": "2026-13-25T12:00:00.000000Z"},
        {"at": "\uff12026-11-25T12:00:00.000000Z"},
        {"at": None},
        {"facts": None},
        {"facts": []},
        {"commitment": "0" * 63},
        {"commitment": "F" * 64},
        {"commitment": None},
        {"extra": 1},
    ],
)
def test_what_is_not_exactly_an_entry_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed) as refused:
        Entry.read({**ENTRY.as_json(), **change})
    assert refused.value.code == "entry_malformed"


@pytest.mark.parametrize("member", ["id", "kind", "at", "facts", "commitment"])
def test_an_entry_without_one_of_its_members_is_refused(member: str) -> None:
    received = ENTRY.as_json()
    del received[member]
    with pytest.raises(Malformed):
        leaf_data(received)


def test_an_instant_has_one_spelling() -> None:
    winter = datetime(2026, 11, 25, 13, 0, 0, 5, tzinfo=timezone(timedelta(hours=1)))
    assert instant(winter) == "2026-11-25T12:00:00.000005Z"
    assert read_instant(instant(winter)) == winter
    assert instant(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00.000000Z"


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_instant_is_read_back(moment: datetime) -> None:
    assert read_instant(instant(moment)) == moment


def test_an_instant_without_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        instant(datetime(2026, 1, 1))  # noqa: DTZ001 - the naive time is what must be refused


def test_canonical_json_is_that_of_rfc_8785() -> None:
    # RFC 8785 3.2.2 and 3.2.4
    value: dict[str, Any] = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": '\u20ac$\u000f\nA\'B"\\\\"/',
        "literals": [None, True, False],
    }
    assert canonical(value).hex() == (
        "7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a5b3333333333333333332e333333333333"
        "332c31652b33302c342e352c302e3030322c31652d32375d2c22737472696e67223a22e282ac245c75303030665c6e4127425c225c5c5c5c5c"
        "222f227d"
    )


def test_canonical_json_sorts_names_as_utf_16() -> None:
    # RFC 8785 3.2.3
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    found = json.loads(canonical(dict.fromkeys(names, 1)))
    assert list(found) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


@given(json_values)
def test_canonical_json_says_the_same_and_says_it_once(value: Any) -> None:
    spelled = canonical(value)
    assert json.loads(spelled) == value
    assert canonical(json.loads(spelled)) == spelled


@given(json_values)
@example({"\x7f": "\x00\x1f\x7f\u2028/", "a": [True, 1, None, -(2**53) + 1]})
def test_the_quick_way_to_canonical_json_spells_as_the_long_one(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        2**53,
        2.0**53,
        -1e20,
        "\ud800",
        {"\ud800": 1},
        {1: 1},
        b"bytes",
        {1, 2},
        nested(100_000),
    ],
)
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(Malformed) as refused:
        canonical(value)
    assert refused.value.code == "not_canonical"
