"""Every rule is kept in code and proved by tests that name it, and the page about them says where."""

from collections.abc import Mapping

import pytest
from recital_rules import RULES

from dev.lawful_rules import Place, code, proofs, unproved

NOWHERE: Mapping[str, list[Place]] = {rule: [] for rule in RULES}


@pytest.fixture(scope="module")
def kept() -> Mapping[str, list[Place]]:
    return code()


@pytest.fixture(scope="module")
def proved() -> Mapping[str, list[Place]]:
    return proofs()


def test_no_rule_is_without_code_or_without_proof(
    kept: Mapping[str, list[Place]], proved: Mapping[str, list[Place]]
) -> None:
    assert unproved(RULES.values(), kept, proved) == []


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_no_test_names_any_more_fails_the_check(
    kept: Mapping[str, list[Place]], proved: Mapping[str, list[Place]], rule: str
) -> None:
    owner = RULES[rule].owner
    elsewhere = [Place("services/none/tests/test_other.py", ("test_it",))]
    for left in ([], elsewhere):
        assert unproved(RULES.values(), kept, {**proved, rule: left}) == [
            f"{rule}: no test of {owner} or of the house proves it by name"
        ]
    assert unproved([RULES[rule]], NOWHERE, proved) == [f"{rule}: nothing in {owner} keeps it by name"]


def test_what_decides_a_rule_and_what_proves_it_are_named(
    kept: Mapping[str, list[Place]], proved: Mapping[str, list[Place]]
) -> None:
    assert Place("services/dsar/recital_dsar/decisions/breaches.py") in kept["R25"]
    verdicts = next(each for each in proved["R03"] if each.file == "services/consent/tests/test_verdict.py")
    assert "test_a_call_whose_customer_was_not_told_is_denied" in verdicts.names
