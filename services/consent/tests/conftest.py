"""A call told in seconds since its answer, for tests of the rulebook."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from recital_consent.decisions.keepable import Reading, keepable
from recital_consent.decisions.verdict import Verdict, decide
from recital_consent.model.calls import Call, Entry, EntryKind, Party, PartyKind, PartyType, PurposeTerms
from recital_consent.model.purposes import BasisKind
from recital_consent.model.spans import FOREVER, moment_of

ANSWER = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LONG_BEFORE = ANSWER - timedelta(days=30)


def at(seconds: float) -> datetime:
    return ANSWER + timedelta(seconds=seconds)


@dataclass
class Scene:
    """A call with one member of staff and one customer, recorded for one purpose on a contract, guard zero."""

    call: Call = field(
        default_factory=lambda: Call(
            id=UUID(int=1),
            country="NL",
            guard_ms=0,
            has_source=True,
            purposes=(),
            parties=(),
            answered_at=ANSWER,
        )
    )

    def purpose(self, key: str, basis: BasisKind = BasisKind.CONTRACT, **terms: Any) -> "Scene":
        made = {"id": UUID(int=len(self.call.purposes) + 100), "version": 1, "retention": "P6M", **terms}
        self.call = replace(self.call, purposes=(*self.call.purposes, PurposeTerms(key=key, basis=basis, **made)))
        return self

    def staff(self, label: str, **facts: Any) -> "Scene":
        every = {(key, version): LONG_BEFORE for key in ("main", "other") for version in (1, 2)}
        return self._party(Party(label=label, kind=PartyKind.STAFF, **{"announced": every, **facts}))

    def bot(self, label: str) -> "Scene":
        return self._party(Party(label=label, kind=PartyKind.STAFF, type=PartyType.BOT))

    def other(self, label: str, kind: PartyKind = PartyKind.CUSTOMER, **facts: Any) -> "Scene":
        return self._party(Party(label=label, kind=kind, **facts))

    def but(self, **facts: Any) -> "Scene":
        self.call = replace(self.call, **facts)
        return self

    def then(self, kind: EntryKind | str, seconds: float, party: str | None = None, **facts: Any) -> "Scene":
        said: dict[str, Any] = {
            name: at(value) if name in ("started_at", "ended_at") else value for name, value in facts.items()
        }
        entry = Entry(
            **{
                "id": f"e{len(self.call.entries)}",
                "kind": EntryKind(kind),
                "at": at(seconds),
                "received_at": at(seconds),
                "party": party,
                **said,
                "purposes": frozenset(said.get("purposes", ())),
            }
        )
        self.call = replace(self.call, entries=(*self.call.entries, entry))
        return self

    def notice(self, start: float, end: float, party: str | None = None, **facts: Any) -> "Scene":
        told: Mapping[str, Any] = {"purposes": ("main",), "completed": True, "started_at": start, **facts}
        return self.then("notice_played", end, party, **told)

    def kept(self, key: str = "main") -> list[tuple[float, float | None]]:
        """The spans kept, in seconds since the answer; None where open."""
        origin = moment_of(ANSWER)
        return [
            ((start - origin) / 1e6, None if end == FOREVER else (end - origin) / 1e6)
            for start, end in keepable(Reading(self.call))[key].pieces
        ]

    def verdict(self, seconds: float) -> Verdict:
        return decide(self.call, at(seconds))

    def reasons(self, seconds: float) -> list[tuple[str, str | None, str | None]]:
        return [(reason.code, reason.rule, reason.party) for reason in self.verdict(seconds).reasons]

    def _party(self, party: Party) -> "Scene":
        self.call = replace(self.call, parties=(*self.call.parties, party))
        return self


@pytest.fixture
def bare() -> Scene:
    return Scene()


@pytest.fixture
def scene() -> Scene:
    """One of the staff, one customer, the purpose `main` on a contract; nobody told yet."""
    return Scene().purpose("main").staff("agent").other("customer")


@pytest.fixture
def told() -> Scene:
    """The same, with the notice to the customer ended before the answer (a queue announcement)."""
    return Scene().purpose("main").staff("agent").other("customer").notice(-5, -1, "customer")
