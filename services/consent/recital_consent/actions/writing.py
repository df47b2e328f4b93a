"""From entries as they were sent to entries as they are kept: judged, committed to in the ledger, told apart later."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from recital_database import Json, Recorded, Writing
from recital_vault import Vault

from recital_consent.actions.means import digest
from recital_consent.decisions.entering import entry_problems, field_problems
from recital_consent.model.calls import Call, Entry, EntryKind, Written
from recital_consent.model.drafts import EntryDraft
from recital_consent.model.problems import Problem
from recital_consent.model.tenants import Tenant


def judged_entries(
    drafts: Sequence[EntryDraft],
    now: datetime,
    labels: Collection[str],
    languages: Mapping[str, Collection[str]],
    default_language: str | None,
    *,
    path: str,
) -> tuple[list[Entry], list[Problem]]:
    """Return the entries and what is wrong with them; those who join in the same request may be named by others."""
    joining = {draft.party for draft in drafts if draft.kind is EntryKind.JOINED and draft.party is not None}
    entries: list[Entry] = []
    problems: list[Problem] = []
    for index, draft in enumerate(drafts):
        where = f"{path}.{index}"
        problems += field_problems(draft.kind, draft.given, where)
        entry = draft.entry(now, default_language)
        problems += entry_problems(entry, path=where, now=now, parties={*labels, *joining}, notices=languages)
        if draft.kind is EntryKind.JOINED and draft.party not in labels and draft.joining is None:
            problems.append(Problem(f"{where}.joining", "party_missing", "who joins is named in full", "R01"))
        entries.append(entry)
    return entries, problems


def writings_of(facts: Call, entries: Sequence[Entry]) -> list[Writing]:
    """Return what the ledger keeps of entries: the call, and a commitment to the rest."""
    call: dict[str, Json] = {"call": str(facts.id)}
    return [Writing(f"timeline.{entry.kind.value}", call, details_of(facts, entry)) for entry in entries]


def details_of(facts: Call, entry: Entry) -> dict[str, Json]:
    """Return all that an entry says, as the ledger commits to it: with the party's subject, never with a number."""
    party = facts.party(entry.party)
    return {
        "id": entry.id,
        "at": entry.at.isoformat(),
        "received_at": entry.received_at.isoformat(),
        "party": entry.party,
        "subject": str(party.subject) if party and party.subject else None,
        "purposes": sorted(entry.purposes),
        "version": entry.version,
        "language": entry.language,
        "started_at": entry.started_at.isoformat() if entry.started_at else None,
        "ended_at": entry.ended_at.isoformat() if entry.ended_at else None,
        "completed": entry.completed,
    }


async def content_digest(vault: Vault, tenant: Tenant, draft: EntryDraft) -> bytes:
    """Return the keyed digest of an entry's content, by which a repeated one is known."""
    return await digest(vault, tenant, "entry", draft.content.decode())


async def entries_written(
    vault: Vault,
    tenant: Tenant,
    drafts: Sequence[EntryDraft],
    entries: Sequence[Entry],
    recorded: Sequence[Recorded],
) -> dict[str, Written]:
    """Return entries as they are kept, each with its place in the ledger."""
    return {
        entry.id: Written(
            entry=entry,
            digest=await content_digest(vault, tenant, draft),
            ledger_entry=place.entry,
            salt=place.salt,
        )
        for draft, entry, place in zip(drafts, entries, recorded, strict=True)
    }
