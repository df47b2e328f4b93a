"""What the rulebook would say of a call that nobody has made: the same verdict function, and nothing is stored.

What a tenant has set and published is looked up at most once a second, and judged by as it then was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from recital_consent.actions.means import Means, refuse
from recital_consent.actions.writing import judged_entries
from recital_consent.decisions.publishing import version_in_force
from recital_consent.decisions.verdict import Verdict, decide
from recital_consent.model.calls import Call, Party, PartyKind
from recital_consent.model.drafts import EntryDraft
from recital_consent.model.problems import Problem
from recital_consent.model.purposes import PurposeVersion
from recital_consent.store import calls, purposes, tenants

AS_OLD_AS = timedelta(seconds=1)
MOST_TENANTS = 256
_NOBODY = UUID(int=0)
# A call that is only thought of may lie ahead.
_AHEAD = datetime(2200, 1, 1, tzinfo=UTC)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Thought:
    """A call that is only thought of. unannounced: labels of staff who would not have been told; left_out: keys that
    the sample would not have drawn; at: the moment to judge, None for now.
    """

    has_source: bool
    language: str
    purposes: tuple[str, ...]
    parties: tuple[Party, ...]
    unannounced: frozenset[str]
    left_out: frozenset[str]
    answered_at: datetime | None
    entries: tuple[EntryDraft, ...]
    at: datetime | None


@dataclass(frozen=True, slots=True)
class _Rules:
    country: str
    guard_ms: int
    versions: Mapping[str, Sequence[PurposeVersion]]
    read_at: datetime


class Simulator:
    """Answers for hypothetical calls."""

    def __init__(self, means: Means) -> None:
        """Nothing is known yet."""
        self._means = means
        self._known: dict[UUID, _Rules] = {}

    async def simulate(self, tenant: UUID, thought: Thought) -> tuple[Call, Verdict]:
        """Return the call and its verdict. Raises Malformed as a registration would."""
        now = self._means.database.clock.now()
        rules = await self._rules(tenant, now)
        at = thought.at or now
        began = thought.answered_at or at
        chosen: list[PurposeVersion] = []
        problems: list[Problem] = []
        for index, key in enumerate(thought.purposes):
            version = version_in_force(rules.versions.get(key, ()), began, max(now, began))
            if version is None or key in thought.purposes[:index]:
                problems.append(Problem(f"purposes.{index}", "purpose_unknown", "none such, or twice", "R04"))
            else:
                chosen.append(version)
        labels = {party.label for party in thought.parties}
        languages = {each.key: each.draft.notices.keys() for each in chosen}
        entries, wrong = judged_entries(thought.entries, _AHEAD, labels, languages, thought.language, path="timeline")
        if problems or wrong:
            refuse([*problems, *wrong])
        told = {(each.key, each.version): _LONG_AGO for each in chosen}
        call = Call(
            id=_NOBODY,
            country=rules.country,
            guard_ms=rules.guard_ms,
            has_source=thought.has_source,
            purposes=tuple(replace(calls.terms_of(each), drawn=each.key not in thought.left_out) for each in chosen),
            parties=tuple(
                replace(party, announced=told)
                if party.kind is PartyKind.STAFF and party.label not in thought.unannounced
                else party
                for party in thought.parties
            ),
            answered_at=thought.answered_at,
            entries=tuple(entries),
        )
        return call, decide(call, at)

    async def _rules(self, tenant: UUID, now: datetime) -> _Rules:
        known = self._known.get(tenant)
        if known is not None and now - known.read_at < AS_OLD_AS:
            return known
        async with self._means.database.transaction(tenant) as tx:
            of, settings = await tenants.own_tenant(tx)
            versions = await purposes.all_versions(tx)
        if len(self._known) >= MOST_TENANTS:
            self._known.clear()
        found = _Rules(of.draft.country, settings.guard_ms, versions, now)
        self._known[tenant] = found
        return found
