"""Persons as officers know them: what each is known by, verified, added and removed; every look is in the ledger."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recital_database import Transaction, record
from recital_errors import Conflict, NotFound

from recital_consent.actions.identities import digests_of, read_identity, seal_identity
from recital_consent.actions.means import LOG, Means, refuse
from recital_consent.actions.rectifying import Corrected, read_rectifications
from recital_consent.decisions.identifying import normalised
from recital_consent.model.problems import Problem
from recital_consent.model.subjects import Identifier, IdentifierKind, Identity, SealedIdentity, Standing
from recital_consent.model.tenants import Tenant
from recital_consent.store import merges, subjects, tenants


@dataclass(frozen=True, slots=True)
class Shown:
    """An identifier in clear. is_shared: others have it too, so that it identifies nobody (a telephone, mostly)."""

    identifier: Identifier
    verified_at: datetime | None
    is_shared: bool


@dataclass(frozen=True, slots=True)
class Person:
    """A subject in clear."""

    standing: Standing
    name: str | None
    identifiers: Sequence[Shown]
    merged: Sequence[UUID]
    corrected: Sequence[Corrected]


@dataclass(frozen=True, slots=True)
class Found:
    """A subject that a search led to, by which kinds of identifiers; others may be reached by the same."""

    standing: Standing
    kinds: Sequence[IdentifierKind]
    is_shared: bool


async def search(means: Means, tx: Transaction, asked: Sequence[tuple[IdentifierKind, str]]) -> list[Found]:
    """Return everybody whom any of these identifiers leads to. Raises Malformed for what is none of its kind."""
    tenant, _ = await tenants.own_tenant(tx)
    identifiers = _read(asked, tenant)
    digests = await digests_of(means.vault, tenant, identifiers)
    known = await subjects.known_by(tx, {digest for _, digest in digests})
    standing = await merges.standings(tx, [each.subject for each in known])
    await record(tx, LOG, "subjects.searched", facts={"found": len(known)})
    reached = [digest for each in known for digest in each.digests & digests]
    return [
        Found(
            standing[each.subject],
            sorted({kind for kind, _ in each.digests & digests}),
            any(reached.count(digest) > 1 for digest in each.digests & digests),
        )
        for each in known
        if each.subject in standing
    ]


async def read_person(means: Means, tx: Transaction, subject: UUID) -> Person:
    """Return a subject in clear. Raises NotFound, also once it was erased."""
    tenant, _ = await tenants.own_tenant(tx)
    standing, sealed = await _locked(tx, subject)
    await record(tx, LOG, "subject.read", facts={"subject": str(subject)})
    return await _person(means, tx, tenant, standing, await read_identity(means.vault, tx.tenant, sealed))


async def add_identifier(
    means: Means, tx: Transaction, subject: UUID, asked: tuple[IdentifierKind, str], *, verified: bool
) -> Person:
    """Let a subject be known by one more identifier; adding one it has is harmless.

    A telephone may be several persons': then it is shown as shared. Raises NotFound, Malformed, Conflict
    `identifier_of_another` for anything else that another subject is known by.
    """
    tenant, _ = await tenants.own_tenant(tx)
    (identifier,) = _read([asked], tenant)
    ((_, digest),) = await digests_of(means.vault, tenant, [identifier])
    await subjects.lock_digests(tx, [digest])
    standing, sealed = await _locked(tx, subject)
    one = set(await merges.together(tx, [subject]))
    others = [each for each in await merges.holders(tx, digest) if each not in one]
    if others and identifier.kind is not IdentifierKind.NUMBER:
        raise Conflict("identifier_of_another", "Another subject is known by this; if they are one, merge them.")
    before = await read_identity(means.vault, tx.tenant, sealed)
    after = Identity(tuple(dict.fromkeys([*before.identifiers, identifier])), before.name)
    await _seal(means, tx, sealed, after)
    await subjects.add_digests(tx, [(subject, (identifier.kind, digest))])
    await _note(tx, "identifier.added", subject, identifier)
    if verified:
        await merges.verify_digest(tx, subject, digest)
        await _note(tx, "identifier.verified", subject, identifier)
    return await _person(means, tx, tenant, standing, after)


async def verify_identifier(means: Means, tx: Transaction, subject: UUID, asked: tuple[IdentifierKind, str]) -> Person:
    """Note that an identifier was shown to be this subject's. Raises NotFound, Malformed."""
    tenant, _ = await tenants.own_tenant(tx)
    (identifier,) = _read([asked], tenant)
    ((_, digest),) = await digests_of(means.vault, tenant, [identifier])
    standing, sealed = await _locked(tx, subject)
    if not await merges.verify_digest(tx, subject, digest):
        raise NotFound
    await _note(tx, "identifier.verified", subject, identifier)
    return await _person(means, tx, tenant, standing, await read_identity(means.vault, tx.tenant, sealed))


async def remove_identifier(means: Means, tx: Transaction, subject: UUID, asked: tuple[IdentifierKind, str]) -> Person:
    """Let a subject be known by an identifier no more. Raises NotFound where it is not, Malformed."""
    tenant, _ = await tenants.own_tenant(tx)
    (identifier,) = _read([asked], tenant)
    standing, sealed = await _locked(tx, subject)
    before = await read_identity(means.vault, tx.tenant, sealed)
    if identifier not in before.identifiers:
        raise NotFound
    after = Identity(tuple(each for each in before.identifiers if each != identifier), before.name)
    await _seal(means, tx, sealed, after)
    ((_, digest),) = await digests_of(means.vault, tenant, [identifier])
    await merges.remove_digest(tx, subject, digest)
    await _note(tx, "identifier.removed", subject, identifier)
    return await _person(means, tx, tenant, standing, after)


def _read(asked: Collection[tuple[IdentifierKind, str]], tenant: Tenant) -> list[Identifier]:
    region = tenant.draft.number_region
    read = [(kind, normalised(kind, value, region)) for kind, value in asked]
    problems = [
        Problem(f"identifiers.{index}.value", f"{kind.value}_invalid", f"not a valid {kind.value.replace('_', ' ')}")
        for index, (kind, value) in enumerate(read)
        if value is None
    ]
    if problems:
        refuse(problems)
    return [Identifier(kind, value) for kind, value in read if value is not None]


async def _locked(tx: Transaction, subject: UUID) -> tuple[Standing, SealedIdentity]:
    standing = (await merges.standings(tx, [subject])).get(subject)
    sealed = (await subjects.sealed_identities(tx, [subject])).get(subject)
    if standing is None or sealed is None:
        raise NotFound
    return standing, sealed


async def _person(means: Means, tx: Transaction, tenant: Tenant, standing: Standing, identity: Identity) -> Person:
    found = {each.digest: each for each in await merges.indexed(tx, standing.id)}
    shown = []
    for identifier in identity.identifiers:
        ((_, digest),) = await digests_of(means.vault, tenant, [identifier])
        known = found.get(digest)
        shown.append(Shown(identifier, known.verified_at if known else None, bool(known and known.is_shared)))
    merged = [each for each in await merges.together(tx, [standing.id]) if each != standing.id]
    corrected = await read_rectifications(means, tx, [standing.id, *merged])
    return Person(standing, identity.name, shown, merged, corrected)


async def _seal(means: Means, tx: Transaction, sealed: SealedIdentity, identity: Identity) -> None:
    again = await seal_identity(means.vault, tx.tenant, sealed.key, identity.identifiers, identity.name)
    await subjects.seal_again(tx, {sealed.subject: again})


async def _note(tx: Transaction, kind: str, subject: UUID, identifier: Identifier) -> None:
    await record(tx, LOG, kind, facts={"subject": str(subject), "kind": identifier.kind.value})
