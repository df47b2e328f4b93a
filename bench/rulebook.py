"""How long the rulebook takes for a long timeline, in this process: pure, so without servers."""

import statistics
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

from recital_consent.decisions.verdict import decide
from recital_consent.model.calls import Call, Entry, EntryKind, Party, PartyKind, PurposeTerms
from recital_consent.model.purposes import BasisKind

ANSWER = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROUNDS, TIMES = 7, 100


def call_of(entries: int) -> Call:
    """Return a call of four parties and two purposes in which so much happens: notices, consents, holds, pauses."""
    kinds = (EntryKind.HELD, EntryKind.RESUMED, EntryKind.PAUSED, EntryKind.UNPAUSED, EntryKind.CONSENT_GIVEN)
    told = {("main", 1): ANSWER - timedelta(days=1), ("other", 1): ANSWER - timedelta(days=1)}
    said = [
        Entry(
            id=f"n{label}",
            kind=EntryKind.NOTICE_PLAYED,
            at=ANSWER + timedelta(seconds=3),
            received_at=ANSWER,
            party=label,
            purposes=frozenset({"main", "other"}),
            started_at=ANSWER,
            completed=True,
        )
        for label in ("customer", "partner")
    ]
    for number in range(entries - len(said)):
        kind = kinds[number % len(kinds)]
        party = "customer" if kind is EntryKind.CONSENT_GIVEN else None
        at = ANSWER + timedelta(seconds=5 + number)
        said.append(Entry(id=str(number), kind=kind, at=at, received_at=at, party=party))
    return Call(
        id=UUID(int=1),
        country="NL",
        guard_ms=200,
        has_source=True,
        purposes=tuple(
            PurposeTerms(id=UUID(int=1), key=key, version=1, basis=basis, retention="P6M")
            for key, basis in (("main", BasisKind.CONTRACT), ("other", BasisKind.CONSENT))
        ),
        parties=(
            Party(label="agent", kind=PartyKind.STAFF, announced=told),
            Party(label="second", kind=PartyKind.STAFF, announced=told),
            Party(label="customer", kind=PartyKind.CUSTOMER, region="NL"),
            Party(label="partner", kind=PartyKind.CUSTOMER, region="NL"),
        ),
        answered_at=ANSWER,
        entries=tuple(said),
    )


def milliseconds_for(entries: int) -> float:
    """Return what a decision on a call of so many entries computes, the middle of several rounds.

    Computed, not waited for: how busy the machine is else says nothing about the rulebook.
    """
    call, now = call_of(entries), ANSWER + timedelta(hours=1)
    took = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(TIMES):
            decide(call, now)
        took.append((time.process_time() - started) / TIMES)
    return round(statistics.median(took) * 1000, 3)


if __name__ == "__main__":
    print(f"{milliseconds_for(50)} ms for 50 entries")
