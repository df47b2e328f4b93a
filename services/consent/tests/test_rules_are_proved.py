"""Every rule that this service answers for is proved by a test of its own, which names it."""

import re
from pathlib import Path

import pytest
from recital_rules import RULES

OWN = sorted(rule.id for rule in RULES.values() if rule.owner == "consent")
HERE = Path(__file__)


def test_the_rules_of_the_rulebook_are_this_services_own() -> None:
    assert {"R01", "R02", "R03", "R04", "R08", "R18", "R20"} <= set(OWN)


@pytest.mark.parametrize("rule", OWN)
def test_a_rule_of_ours_is_named_by_a_test_and_by_the_code(rule: str) -> None:
    for folder in (HERE.parent, HERE.parents[1] / "recital_consent"):
        named = [each for each in folder.rglob("*.py") if each != HERE and re.search(rule, each.read_text())]
        assert named, f"nothing in {folder.name} names {rule}"
