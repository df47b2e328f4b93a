"""What the rules propose for each item, so that an officer decides only where something differs.

A copy may not harm others (AVG art. 15(4), R13): everyone but the person who asked is muted, our own staff only where
the tenant says so. What was asked to be erased and is held for a claim is kept (17(3)(e), R14). Only what the person
gave under consent or contract is carried over (20(1), R17).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from recital_errors import Reason

from recital_dsar.decisions.measures import LEGAL_CLAIMS, MEASURED, proposed
from recital_dsar.model import Decision, Item, Party, RequestKind

RECORDING = "recording"
PROVIDED = frozenset({"identity", "call", RECORDING})
"""What a person gave or made by calling (art. 20(1)); what we wrote down about it is ours."""
PORTABLE = frozenset({"consent", "contract"})

WORDS: Mapping[str, Mapping[str, str]] = {
    "others_muted": {
        "nl": "De stem van anderen is stil gemaakt: een kopie mag hun rechten niet schaden (AVG art. 15 lid 4).",
        "en": "Other voices are silenced: a copy may not harm their rights (GDPR art. 15(4)).",
    },
    "not_separable": {
        "nl": "Uw stem en die van een ander staan op één spoor en zijn niet te scheiden (AVG art. 15 lid 4).",
        "en": "Your voice and another person's are on one track and cannot be separated (GDPR art. 15(4)).",
    },
    "basis_not_portable": {
        "nl": "Alleen wat op toestemming of overeenkomst berust wordt overgedragen (AVG art. 20 lid 1).",
        "en": "Only what rests on consent or contract is handed over (GDPR art. 20(1)).",
    },
    "not_provided": {
        "nl": "Dit heeft u niet zelf verstrekt (AVG art. 20 lid 1); met een inzageverzoek krijgt u het wel.",
        "en": "You did not provide this (GDPR art. 20(1)); a request for access does give it.",
    },
    "legal_claims": {
        "nl": "Nodig voor een rechtsvordering (AVG art. 17 lid 3 onder e); zolang gebruikt niemand het anders.",
        "en": "Needed for a legal claim (GDPR art. 17(3)(e)); until then nobody uses it otherwise.",
    },
}
"""Why, in the words that the person reads, by code and language."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What of a request and its tenant decides on its items: the kind, who asks, and whether our staff is muted."""

    kind: RequestKind
    subjects: frozenset[UUID]
    language: str = "nl"
    staff_voices_muted: bool = True


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed; `mute` are the voices to silence, `article` the exception where something is kept."""

    decision: Decision
    mute: tuple[str, ...] = ()
    reason: Reason | None = None
    article: str | None = None


def propose(asking: Asking, item: Item) -> Proposal | None:
    """Return what the rules propose for an item; None where only an officer can know."""
    if asking.kind in MEASURED:
        return _measure(asking, item)
    if asking.kind is RequestKind.PORTABILITY:
        if item.kind not in PROVIDED:
            return Proposal(Decision.WITHHOLD, reason=Reason("not_provided", "R17"))
        if item.kind != "identity" and not PORTABLE & set(item.bases):
            return Proposal(Decision.WITHHOLD, reason=Reason("basis_not_portable", "R17"))
    return _copy(asking, item)


def muted(asking: Asking, item: Item) -> tuple[str, ...]:
    """Return the labels of the voices that are muted unless an officer states a ground, in the item's order."""
    if item.kind != RECORDING:
        return ()
    return tuple(each.party for each in item.parties if _is_muted(asking, each))


def is_separable(item: Item, mute: tuple[str, ...]) -> bool:
    """Whether these voices can be silenced without another: nobody who is heard is on a channel of theirs."""
    silent = {each.channel for each in item.parties if each.party in mute and each.channel is not None}
    return not any(each.channel in silent for each in item.parties if each.party not in mute)


def words(reason: str | None, language: str) -> str | None:
    """Return the words of a reason's code in a language, English where there are none in it."""
    said = WORDS.get(reason) if reason is not None else None
    return None if said is None else said.get(language, said["en"])


def _is_muted(asking: Asking, party: Party) -> bool:
    if party.subject in asking.subjects:
        return False
    return asking.staff_voices_muted or party.kind != "staff"


def _copy(asking: Asking, item: Item) -> Proposal:
    mute = muted(asking, item)
    if not mute:
        return Proposal(Decision.GIVE)
    if not is_separable(item, mute):
        return Proposal(Decision.WITHHOLD, reason=Reason("not_separable", "R13"))
    return Proposal(Decision.GIVE, mute, Reason("others_muted", "R13"))


def _measure(asking: Asking, item: Item) -> Proposal | None:
    decision = proposed(asking.kind)
    if decision is None:
        return None
    if decision is Decision.ERASE and item.held and item.kind != "identity":
        return Proposal(Decision.KEEP, reason=Reason("legal_claims", "R14"), article=LEGAL_CLAIMS)
    return Proposal(decision)
