"""Where calls come from and who speaks for the tenant: sources (R02), staff, and what staff were told (R20)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from recital_database import Json, Transaction, Writing, announce, claim, new_id, new_ids, record, record_all, remember
from recital_errors import NotFound
from recital_events import CopyRegistered, Place
from recital_identity import Principal

from recital_consent.actions.identities import digests_of, find_or_make
from recital_consent.actions.means import LOG, Means, refuse
from recital_consent.decisions.entering import FURTHEST_AHEAD
from recital_consent.decisions.identifying import described, e164
from recital_consent.model.problems import Problem
from recital_consent.model.purposes import PurposeVersion
from recital_consent.model.subjects import Described, Identifier, IdentifierKind, SealedIdentity, StaffNotice
from recital_consent.model.tenants import Source, SourceKind, Tenant
from recital_consent.store import purposes, subjects, tenants


@dataclass(frozen=True, slots=True)
class Announcement:
    """A purpose version that was announced to staff, named by subject or by staff id."""

    subjects: tuple[UUID, ...]
    staff_ids: tuple[str, ...]
    purpose: str
    version: int
    notified_at: datetime
    acknowledged_at: datetime | None


async def register_source(
    tx: Transaction, kind: SourceKind, name: str, numbers: Sequence[str], key: str | None
) -> Source:
    """Register a trunk, number or app; numbers become E.164. Raises Malformed."""
    content = "\0".join([kind.value, name, *numbers]).encode()
    again = await claim(tx, key, route="POST /v1/sources", fingerprint=content)
    if again is not None:
        return await tenants.find_source(tx, again)
    tenant, _ = await tenants.own_tenant(tx)
    read = [e164(number, tenant.draft.number_region) for number in numbers]
    problems = [
        Problem(f"numbers.{index}", "number_invalid", "not a valid telephone number", "R02")
        for index, found in enumerate(read)
        if found is None
    ]
    if problems:
        refuse(problems)
    source = Source(
        id=await new_id(tx),
        kind=kind,
        name=name,
        numbers=tuple(found[0] for found in read if found),
        registered_at=tx.now,
    )
    recorded = await record(
        tx,
        LOG,
        "source.registered",
        facts={"source": str(source.id)},
        details={"kind": kind.value, "name": name, "numbers": list(source.numbers)},
    )
    await tenants.add_source(tx, source, ledger_entry=recorded.entry, salt=recorded.salt)
    await remember(tx, key, result=source.id)
    return source


async def register_staff(
    means: Means, tx: Transaction, staff_id: str, *, name: str | None, bot: bool, key: str | None = None
) -> UUID:
    """Register a member of staff, or one of the tenant's own bots; the same staff id is the same subject."""
    content = repr((staff_id, name, bot)).encode()
    again = await claim(tx, key, route="POST /v1/staff", fingerprint=content)
    if again is not None:
        return again
    tenant, _ = await tenants.own_tenant(tx)
    person = described([(IdentifierKind.STAFF_ID, staff_id)], name=name, region=tenant.draft.number_region, path="")
    if not isinstance(person, Described):
        refuse([Problem("staff_id", each.code, each.problem, each.rule) for each in person])
    (subject,) = await find_or_make(tx, means.vault, tenant, [person])
    if subject is None:
        raise NotFound
    await remember(tx, key, result=subject)
    identity = (await subjects.sealed_identities(tx, [subject], locked=True)).get(subject)
    if identity is None or (identity.staff and identity.bot == bot and identity.left_at is None):
        return subject
    await subjects.change_identity(tx, subject, staff=True, bot=bot, left_at=None)
    await record(tx, LOG, "staff.registered", facts={"subject": str(subject), "bot": bot})
    if not identity.staff or identity.left_at is not None:
        # Made outside a call, so no call's record announces it.
        await announce(tx, _identity(identity, ends_at=None))
    return subject


async def own_subject(means: Means, tx: Transaction, principal: Principal) -> UUID:
    """Return whom the token's staff id leads to, the one they are now if merged. Raises NotFound."""
    tenant, _ = await tenants.own_tenant(tx)
    known = await known_by_staff_id(means, tx, tenant, principal)
    if not known:
        raise NotFound
    return known[0]


async def known_by_staff_id(means: Means, tx: Transaction, tenant: Tenant, principal: Principal) -> list[UUID]:
    """Return whom a token's staff id leads to; nobody where the token has none."""
    if principal.staff_id is None:
        return []
    mine = [Identifier(IdentifierKind.STAFF_ID, principal.staff_id.strip())]
    digests = await digests_of(means.vault, tenant, mine)
    return [each.subject for each in await subjects.known_by(tx, {digest for _, digest in digests})]


async def note_leaving(tx: Transaction, subject: UUID, left_at: datetime | None) -> datetime:
    """Note that a member of staff leaves, or left: the identity then lasts as long as a holding that needs it.

    Returns when; told again, the same moment is harmless. Raises NotFound for who is not registered as staff.
    """
    identity = (await subjects.sealed_identities(tx, [subject], locked=True)).get(subject)
    if identity is None or not identity.staff:
        raise NotFound
    at = left_at or identity.left_at or tx.now
    if at == identity.left_at:
        return at
    await subjects.change_identity(tx, subject, left_at=at)
    await record(tx, LOG, "staff.left", facts={"subject": str(subject), "left_at": at.isoformat()})
    await announce(tx, _identity(identity, ends_at=at))
    return at


async def acknowledge(means: Means, tx: Transaction, told: Announcement) -> list[UUID]:
    """Note in bulk that staff acknowledged an announcement; return whose acknowledgement is new.

    Raises Malformed, NotFound for a subject that is not known.
    """
    tenant, _ = await tenants.own_tenant(tx)
    at = told.acknowledged_at or tx.now
    versions = (await purposes.every_version(tx, [told.purpose])).get(told.purpose, [])
    problems = _announcing_problems(replace(told, notified_at=at), versions, tx.now)
    if problems:
        refuse(problems)
    whom = await _whom(means, tx, tenant, told)
    purpose = versions[0].id
    news = await subjects.acknowledge_notices(tx, whom, purpose, told.version, at=at)
    facts: dict[str, Json] = {"purpose": str(purpose), "version": told.version}
    details = {"acknowledged_at": at.isoformat()}
    await record_all(tx, LOG, [Writing("staff.acknowledged", facts | {"subject": str(each)}, details) for each in news])
    return news


async def log_staff_notices(means: Means, tx: Transaction, told: Announcement, key: str | None) -> list[StaffNotice]:
    """Log what was announced to staff, in bulk. Raises Malformed, NotFound for a subject that is not known."""
    content = repr(told).encode()
    if await claim(tx, key, route="POST /v1/staff/notices", fingerprint=content) is not None:
        tenant, _ = await tenants.own_tenant(tx)
        return await _as_logged(tx, told, await _whom(means, tx, tenant, told))
    tenant, _ = await tenants.own_tenant(tx)
    versions = (await purposes.every_version(tx, [told.purpose])).get(told.purpose, [])
    problems = _announcing_problems(told, versions, tx.now)
    if problems:
        refuse(problems)
    whom = await _whom(means, tx, tenant, told)
    purpose = versions[0].id
    notices = [
        StaffNotice(
            id=id_,
            subject=subject,
            purpose=purpose,
            key=told.purpose,
            version=told.version,
            notified_at=told.notified_at,
            acknowledged_at=told.acknowledged_at,
        )
        for id_, subject in zip(await new_ids(tx, len(whom)), whom, strict=True)
    ]
    recorded = await record_all(tx, LOG, [_writing(each) for each in notices])
    await subjects.add_notices(tx, {each: made.salt for each, made in zip(notices, recorded, strict=True)})
    await remember(tx, key, result=notices[0].id)
    return notices


def _identity(identity: SealedIdentity, *, ends_at: datetime | None) -> CopyRegistered:
    subject = identity.subject
    places = (Place(kind="key", id=str(identity.key)), Place(kind="rows", id=str(subject)))
    return CopyRegistered(holding=subject, kind="identity", places=places, subjects=(subject,), ends_at=ends_at)


async def list_sources(tx: Transaction, *, after: UUID | None, most: int) -> Sequence[Source]:
    """Return a page of sources."""
    return await tenants.list_sources(tx, after=after, most=most)


def _announcing_problems(told: Announcement, versions: Sequence[PurposeVersion], now: datetime) -> list[Problem]:
    problems = []
    if not versions:
        problems.append(Problem("purpose", "purpose_unknown", "no published purpose", "R20"))
    elif told.version > versions[-1].version:
        problems.append(Problem("version", "purpose_version_unknown", "not published yet", "R20"))
    if not told.subjects and not told.staff_ids:
        problems.append(Problem("staff_ids", "staff_missing", "staff_ids, or subjects", "R20"))
    late = now + FURTHEST_AHEAD
    if told.notified_at > late:
        problems.append(Problem("notified_at", "entry_in_future", "more than 5 seconds ahead of Recital's time", "R20"))
    if told.acknowledged_at is not None and told.acknowledged_at > late:
        problems.append(Problem("acknowledged_at", "entry_in_future", "more than 5 seconds ahead of Recital's time"))
    return problems


async def _whom(means: Means, tx: Transaction, tenant: Tenant, told: Announcement) -> list[UUID]:
    digests = [
        await digests_of(means.vault, tenant, [Identifier(IdentifierKind.STAFF_ID, each.strip())])
        for each in told.staff_ids
    ]
    known = await subjects.known_by(tx, {digest for each in digests for _, digest in each}) if digests else []
    by_id = [next((one.subject for one in known if each <= one.digests), None) for each in digests]
    problems = [
        Problem(f"staff_ids.{index}", "staff_unknown", "no registered member of staff", "R20")
        for index, subject in enumerate(by_id)
        if subject is None
    ]
    if problems:
        refuse(problems)
    if len(await subjects.sealed_identities(tx, told.subjects)) < len(set(told.subjects)):
        raise NotFound
    return list(dict.fromkeys([*told.subjects, *(each for each in by_id if each)]))


async def _as_logged(tx: Transaction, told: Announcement, whom: Collection[UUID]) -> list[StaffNotice]:
    return [
        each
        for each in await subjects.notices_to(tx, whom)
        if (each.key, each.version, each.notified_at) == (told.purpose, told.version, told.notified_at)
    ]


def _writing(notice: StaffNotice) -> Writing:
    facts: dict[str, Json] = {"subject": str(notice.subject), "purpose": str(notice.purpose), "version": notice.version}
    acknowledged_at = notice.acknowledged_at.isoformat() if notice.acknowledged_at else None
    details = {"notified_at": notice.notified_at.isoformat(), "acknowledged_at": acknowledged_at}
    return Writing("staff.notified", facts, details)
