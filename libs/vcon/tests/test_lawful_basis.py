"""A ground says for which purposes it holds, until when, and only for its own conversation."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from recital_errors import Malformed
from recital_vcon import Basis, Grant, LawfulBasis, VCon, Verdict, check, may_use

START = datetime(2026, 11, 20, 10, tzinfo=UTC)


def granting(*purposes: str, granted: bool = True, ends: timedelta | None = None) -> tuple[int, Any, LawfulBasis]:
    grants = tuple(Grant(each, granted=granted, granted_at=START) for each in purposes)
    return 0, START, LawfulBasis(Basis.CONSENT, grants, expires_at=None if ends is None else START + ends)


Judge = Callable[..., Verdict]


@pytest.fixture
def verdict(call: Callable[..., VCon]) -> Judge:
    def judge(*grounds: Any, after: timedelta = timedelta()) -> Verdict:
        return may_use(call(grounds=grounds).as_json(), "training", START + after)

    return judge


def test_a_purpose_that_is_granted_may_be_served(verdict: Judge) -> None:
    assert verdict(granting("training", "quality")) is Verdict.GRANTED


def test_a_purpose_that_nobody_granted_may_not(verdict: Judge) -> None:
    assert verdict(granting("quality")) is Verdict.MISSING
    assert verdict() is Verdict.MISSING


def test_of_several_grants_the_most_restrictive_wins(verdict: Judge) -> None:
    assert verdict(granting("training"), granting("training", granted=False)) is Verdict.DENIED


def test_a_ground_ends_at_its_expiry_with_five_minutes_for_clocks(verdict: Judge) -> None:
    ground = granting("training", ends=timedelta(hours=1))
    assert verdict(ground, after=timedelta(hours=1, minutes=5)) is Verdict.GRANTED
    assert verdict(ground, after=timedelta(hours=1, minutes=5, seconds=1)) is Verdict.EXPIRED


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("lawful_basis", "because", "unknown_basis"),
        ("expiration", "soon", "not_an_instant"),
        ("purpose_grants", [], "missing"),
        ("purpose_grants", [{"purpose": "x", "granted": "yes"}], "not_a_grant"),
        ("proof_mechanisms", {}, "not_a_list"),
        ("proof_mechanisms", [{"proof_type": "oath"}], "not_a_proof"),
        ("metadata", {"vcon": "another"}, "of_another_vcon"),
        ("metadata", {"more": 1}, "ContentHashMismatch"),
        ("content_hash", {"algorithm": "sha-1"}, "UnsupportedHashAlgorithm"),
        ("content_hash", {"algorithm": "sha-256", "canonicalization": "c14n"}, "UnsupportedCanonicalization"),
        ("content_hash", {"algorithm": "sha-256", "canonicalization": "jcs", "value": "0" * 64}, "ContentHashMismatch"),
        ("extra", 2**70, "ContentHashMismatch"),
    ],
)
def test_a_ground_that_was_changed_or_is_none_is_refused(
    document: dict[str, Any], name: str, value: Any, problem: str
) -> None:
    document["attachments"][0]["body"][name] = value
    with pytest.raises(Malformed) as caught:
        check(document)
    assert problem in {each.problem for each in caught.value.fields}


def test_a_ground_moved_to_another_conversation_proves_nothing(document: dict[str, Any]) -> None:
    document["uuid"] = "019aa000-0000-8123-8000-000000000002"
    with pytest.raises(Malformed, match="1 faults"):
        check(document)


def test_a_body_that_is_no_object_is_refused(document: dict[str, Any]) -> None:
    document["attachments"][0]["body"] = "consent"
    with pytest.raises(Malformed):
        check(document)
