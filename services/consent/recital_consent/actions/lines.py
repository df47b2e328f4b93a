"""Lines that are never recorded (R18): set per source; a call from or with one is denied and leaves a daily count."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from recital_database import Transaction, new_ids, record
from recital_errors import Forbidden, Reason
from recital_vault import Vault

from recital_consent.actions.means import LOG, Means, digest, refuse
from recital_consent.decisions.lines import extension_of, lines_meant
from recital_consent.model.calls import CallRecord, EntryKind, PartyKind
from recital_consent.model.drafts import CallDraft, EntryDraft, PartyDraft
from recital_consent.model.problems import Problem
from recital_consent.model.tenants import Line, LineKind, Tenant
from recital_consent.store import lines, tenants

MARK = "recital.line"
"""The id of the private mark that Recital itself writes in a call."""
NEVER_RECORDED = Reason("line_never_recorded", "R18")


class LineNeverRecorded(Forbidden):
    """This call has a line that is never recorded.

    It was counted in the transaction, which the edge commits although it answers a refusal: nothing else is kept.
    """

    def __init__(self) -> None:
        """As a refusal by R18."""
        super().__init__(NEVER_RECORDED.code, "A line of this call is never recorded.", reasons=[NEVER_RECORDED])


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line to be left alone: a number as dialled, or an extension."""

    number: str | None
    extension: str | None
    label: str | None


async def leave_alone(means: Means, tx: Transaction, source: UUID, wanted: Sequence[NewLine]) -> Sequence[Line]:
    """Let lines of a source never be recorded from now on; setting one twice is harmless.

    Raises NotFound for a source that is not the tenant's, Malformed.
    """
    tenant, _ = await tenants.own_tenant(tx)
    await tenants.find_source(tx, source)
    read = [_read(each, tenant.draft.number_region) for each in wanted]
    problems = [
        Problem(f"lines.{index}.{'number' if each.number else 'extension'}", "line_invalid", "no such line", "R18")
        for index, (each, found) in enumerate(zip(wanted, read, strict=True))
        if found is None
    ]
    if problems:
        refuse(problems)
    ids = await new_ids(tx, len(wanted))
    made = {
        await _digest(means.vault, tenant, *found): Line(id=id_, kind=found[0], label=each.label, added_at=tx.now)
        for id_, each, found in zip(ids, wanted, read, strict=True)
        if found
    }
    await lines.add_lines(tx, source, made)
    await record(tx, LOG, "lines.left_alone", facts={"source": str(source), "lines": len(made)})
    return await lines.lines_among(tx, source, list(made))


async def list_lines(tx: Transaction, source: UUID, *, after: UUID | None, most: int) -> Sequence[Line]:
    """Return a page of the lines of a source that are never recorded. Raises NotFound."""
    await tenants.find_source(tx, source)
    return await lines.lines_of(tx, source, after=after, most=most)


async def record_again(tx: Transaction, source: UUID, line: UUID) -> None:
    """Let a line be recorded again. Raises NotFound."""
    await lines.remove_line(tx, source, line)
    await record(tx, LOG, "line.recorded_again", facts={"source": str(source), "line": str(line)})


async def denied_days(tx: Transaction, source: UUID, *, since: date, until: date) -> Sequence[tuple[date, int]]:
    """Return on which days how many calls of a source were denied for their lines. Raises NotFound."""
    await tenants.find_source(tx, source)
    return await lines.denied_days(tx, source, since=since, until=until)


async def denied(vault: Vault, tx: Transaction, tenant: Tenant, drafts: Sequence[CallDraft]) -> set[int]:
    """Count the calls that have a line which is never recorded, and return their places in `drafts`."""
    if not tenant.has_lines:
        return set()
    people = [[*draft.parties, *(each.joining for each in draft.entries if each.joining)] for draft in drafts]
    found = await _lines_of(vault, tx, tenant, [party for each in people for party in each])
    sources = {
        index: source
        for index, (draft, parties) in enumerate(zip(drafts, people, strict=True))
        if (source := _source_denying(draft.source, parties, found)) is not None
    }
    if sources:
        await lines.count_denied(tx, _day(tx, tenant), Counter(sources.values()))
    return set(sources)


async def private_from_lines(
    vault: Vault, tx: Transaction, tenant: Tenant, call: CallRecord, new: Mapping[EntryDraft, str]
) -> dict[EntryDraft, str]:
    """Return new entries, those of whoever joins on a line that is never recorded without who that is.

    The call is then marked private as a whole, which nothing takes back, and counted as denied.
    """
    joining = [draft.joining for draft in new if draft.joining is not None]
    if not tenant.has_lines or not joining:
        return dict(new)
    found = await _lines_of(vault, tx, tenant, joining)
    denying = {each: source for each in joining if (source := _source_denying(call.source, [each], found)) is not None}
    changed: dict[EntryDraft, str] = {}
    for draft, path in new.items():
        if draft.joining not in denying:
            changed[draft] = path
            continue
        who = draft.joining
        changed[replace(draft, joining=PartyDraft(label=who.label, kind=who.kind, type=who.type))] = path
        if MARK not in call.written:
            mark = EntryDraft(
                id=MARK, kind=EntryKind.MARKED_PRIVATE, at=draft.at, given=frozenset(), content=MARK.encode()
            )
            changed[mark] = path
            await lines.count_denied(tx, _day(tx, tenant), {denying[who]: 1})
    return changed


Found = Mapping[PartyDraft, Sequence[tuple[UUID, LineKind]]]


async def _lines_of(vault: Vault, tx: Transaction, tenant: Tenant, parties: Sequence[PartyDraft]) -> Found:
    region = tenant.draft.number_region
    digests = {
        party: {await _digest(vault, tenant, *each) for each in lines_meant(party, region)} for party in set(parties)
    }
    known = await lines.lines_by(tx, {each for wanted in digests.values() for each in wanted})
    return {
        party: [(source, kind) for found, source, kind in known if found in wanted] for party, wanted in digests.items()
    }


def _source_denying(source: UUID | None, parties: Sequence[PartyDraft], found: Found) -> UUID | None:
    """Return under which source a call is denied: a number is one everywhere, an extension within its source."""
    for party in parties:
        for of, kind in found[party]:
            if kind is LineKind.NUMBER or source in (None, of):
                return source or of
    return None


def _day(tx: Transaction, tenant: Tenant) -> date:
    return tx.now.astimezone(ZoneInfo(tenant.draft.time_zone)).date()


def _read(wanted: NewLine, region: str) -> tuple[LineKind, str] | None:
    if wanted.extension is not None:
        extension = extension_of(wanted.extension)
        return (LineKind.EXTENSION, extension) if extension else None
    meant = lines_meant(PartyDraft(label="", kind=PartyKind.STAFF, number=wanted.number), region)
    return next((each for each in meant if each[0] is LineKind.NUMBER), None)


async def _digest(vault: Vault, tenant: Tenant, kind: LineKind, value: str) -> bytes:
    return await digest(vault, tenant, f"line_{kind.value}", value)
