"""May this call be registered: judged by what the request says and the purposes that are in force.

Whether the call may be recorded is another question, and asked in verdict: a denied call is registered too.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from recital_consent.decisions.entering import FURTHEST_AHEAD
from recital_consent.model.calls import EntryKind
from recital_consent.model.drafts import CallDraft
from recital_consent.model.problems import Problem
from recital_consent.model.purposes import PurposeVersion

# Crockford's base 32: no letter that sounds or looks like another sign.
_SPEAKABLE = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def registering_problems(draft: CallDraft, purposes: Mapping[str, PurposeVersion], now: datetime) -> Sequence[Problem]:
    """Return everything that forbids registering the call; `purposes` are those in force, by key."""
    problems = []
    labels = [party.label for party in draft.parties]
    for index, label in enumerate(labels):
        if label in labels[:index]:
            problems.append(Problem(f"parties.{index}.party", "party_twice", "another party has this label", "R01"))
    for index, key in enumerate(draft.purposes):
        if key in draft.purposes[:index]:
            problems.append(Problem(f"purposes.{index}", "purpose_twice", "named before", "R04"))
        elif key not in purposes:
            problems.append(Problem(f"purposes.{index}", "purpose_unknown", "no published purpose", "R04"))
        elif purposes[key].retired_at is not None:
            problems.append(Problem(f"purposes.{index}", "purpose_retired", "no call is registered for it now", "R04"))
        elif draft.language not in purposes[key].draft.notices:
            problems.append(
                Problem("language", "language_without_text", f"the purpose {key} has no notice text in it", "R03")
            )
    if draft.answered_at is not None and draft.answered_at > now + FURTHEST_AHEAD:
        problems.append(Problem("answered_at", "entry_in_future", "more than 5 seconds ahead of Recital's time"))
    twice = [id_ for id_, times in Counter(entry.id for entry in draft.entries).items() if times > 1]
    if twice:
        problems.append(Problem("timeline", "entry_twice", "two entries have one id"))
    return problems


def began_at(draft: CallDraft, now: datetime) -> datetime:
    """Return the moment that decides which purpose versions a call is registered under: its answer, or now."""
    answers = [each.at for each in draft.entries if each.kind is EntryKind.ANSWERED]
    if draft.answered_at is not None:
        answers.append(draft.answered_at)
    return min(answers, default=now)


def speakable(call: UUID) -> str:
    """Return a call's reference as it can be told over the telephone: eight signs in two groups."""
    number = int.from_bytes(hashlib.sha256(call.bytes).digest()[:5], "big")
    signs = "".join(_SPEAKABLE[number >> shift & 31] for shift in range(35, -1, -5))
    return f"{signs[:4]}-{signs[4:]}"


def spoken(reference: str) -> str:
    """Return a call's reference as somebody told it, in the one spelling it has."""
    signs = reference.upper().replace("-", "").replace(" ", "")
    # Crockford's base 32: what sounds or looks like another sign is that sign.
    plain = signs.translate(str.maketrans("OIL", "011"))
    return f"{plain[:4]}-{plain[4:]}"
