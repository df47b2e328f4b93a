"""The rules are complete, plain, and careful about what they promise."""

import dataclasses
import re
from typing import get_args

import pytest
from recital_rules import RULES, Owner, Rule, rule

ALL = pytest.mark.parametrize("one", RULES.values(), ids=list(RULES))

# R22: what a recording is worth is not ours to say.
PROMISES = re.compile(r"admissib|legally valid|lawful evidence|rechtsgeldig|toelaatbaar|toegelaten", re.IGNORECASE)


def test_the_rules_are_r01_to_r27_in_order() -> None:
    assert list(RULES) == [f"R{number:02}" for number in range(1, 28)]
    assert all(one.id == key for key, one in RULES.items())


def test_a_rule_is_found_by_its_id_and_an_unknown_id_is_a_mistake() -> None:
    assert rule("R03") is RULES["R03"]
    with pytest.raises(KeyError):
        rule("R28")


def test_the_rules_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        RULES["R01"] = RULES["R02"]  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        RULES["R01"].citable = False  # type: ignore[misc]


def test_no_two_rules_say_the_same() -> None:
    for words in ("title", "text_nl", "text_en"):
        assert len({getattr(one, words) for one in RULES.values()}) == len(RULES)


@ALL
def test_a_rule_says_in_both_languages_what_is_asked(one: Rule) -> None:
    for text in (one.text_nl, one.text_en):
        assert 40 <= len(text) <= 320
        assert text == text.strip()
        assert text.endswith(".")
        assert "  " not in text
    assert one.text_nl != one.text_en
    assert 0 < len(one.title) <= 60
    assert not one.title.endswith(".")


@ALL
def test_a_rule_is_owned_by_a_room_that_exists(one: Rule) -> None:
    assert one.owner in get_args(Owner)


@ALL
def test_no_rule_promises_what_a_court_will_decide(one: Rule) -> None:
    assert not PROMISES.search(f"{one.title} {one.text_nl} {one.text_en}")


def test_the_sources_we_do_not_vouch_for_are_not_citable() -> None:
    assert [one.id for one in RULES.values() if not one.citable] == ["R07", "R13", "R21", "R22", "R23"]


@ALL
def test_only_a_citable_source_is_cited(one: Rule) -> None:
    assert one.citation == (one.source if one.citable else None)
    if one.citable:
        assert one.source
    assert "†" not in one.source


def test_the_words_a_refusal_shows_when_nobody_was_told() -> None:
    shown = rule("R03")
    assert shown.owner == "consent"
    assert shown.citation == "GDPR art. 5(1)(a), 12, 13(1)(c), 13(2)"
    assert "vooraf" in shown.text_nl
    assert "beforehand" in shown.text_en
