"""Who takes part: persons found by the blind index, or made with a key of their own; sealed, never in clear."""

import json
from collections.abc import Collection, Sequence
from uuid import UUID

from recital_database import Transaction, new_ids
from recital_vault import Vault

from recital_consent.actions.means import digest
from recital_consent.decisions.identifying import which_subject
from recital_consent.model.subjects import Described, Identifier, IdentifierKind, Known, SealedIdentity
from recital_consent.model.tenants import Tenant
from recital_consent.store import subjects
from recital_consent.store.subjects import Digest

IDENTITY = b"identity"
"""The context in which identities are sealed."""


async def digests_of(vault: Vault, tenant: Tenant, identifiers: Collection[Identifier]) -> frozenset[Digest]:
    """Return by which digests these identifiers are found."""
    return frozenset([(each.kind, await digest(vault, tenant, each.kind, each.value)) for each in identifiers])


async def find_or_make(tx: Transaction, vault: Vault, tenant: Tenant, people: Sequence[Described]) -> list[UUID | None]:
    """Return the subject of each description, in their order; None for one that says nothing.

    What is not known yet is made; a known subject is found by what is newly said of it from now on.
    """
    wanted = [await digests_of(vault, tenant, each.identifiers) for each in people]
    every = {digest for each in wanted for _, digest in each}
    known = await subjects.known_by(tx, every) if every else []
    if every and any(not _is_known(each, known) for each in wanted):
        # Only who makes or extends a subject takes its identifiers' locks, and then looks again.
        await subjects.lock_digests(tx, every)
        known = await subjects.known_by(tx, every)
    found = {each: which_subject(each, known) for each in wanted if each}
    await _extend(tx, vault, tenant, _news(people, wanted, found, known))
    new = [(person, each) for person, each in zip(people, wanted, strict=True) if _says(person) and not found.get(each)]
    made = await _make(tx, vault, tenant, new)
    return [
        (found.get(each) or made[person, each]) if _says(person) else None
        for person, each in zip(people, wanted, strict=True)
    ]


async def open_identity(vault: Vault, tenant: UUID, identity: SealedIdentity) -> dict[str, object]:
    """Return an identity in clear: `identifiers` of {kind, value}, and `name`. Raises NotFound `key_destroyed`."""
    opened: dict[str, object] = json.loads(await vault.open_small(tenant, identity.key, identity.sealed, IDENTITY))
    return opened


async def seal_identity(
    vault: Vault, tenant: UUID, key: UUID, identifiers: Sequence[Identifier], name: str | None
) -> bytes:
    """Seal an identity under its subject's own key."""
    plain = {"identifiers": [{"kind": each.kind.value, "value": each.value} for each in identifiers], "name": name}
    return await vault.seal_small(tenant, key, json.dumps(plain, ensure_ascii=False).encode(), IDENTITY)


def _says(person: Described) -> bool:
    return bool(person.identifiers or person.name)


def _is_known(wanted: frozenset[Digest], known: Sequence[Known]) -> bool:
    subject = which_subject(wanted, known)
    return subject is not None and any(each.subject == subject and wanted <= each.digests for each in known)


def _news(
    people: Sequence[Described],
    wanted: Sequence[frozenset[Digest]],
    found: dict[frozenset[Digest], UUID | None],
    known: Sequence[Known],
) -> dict[UUID, tuple[Described, frozenset[Digest]]]:
    """Return per known subject what is newly said of it."""
    had = {each.subject: each.digests for each in known}
    news = {}
    for person, each in zip(people, wanted, strict=True):
        subject = found.get(each)
        if subject is not None and each - had[subject]:
            news[subject] = (person, each - had[subject])
    return news


async def _extend(
    tx: Transaction, vault: Vault, tenant: Tenant, news: dict[UUID, tuple[Described, frozenset[Digest]]]
) -> None:
    if not news:
        return
    sealed = await subjects.sealed_identities(tx, news, locked=True)
    for subject, identity in sealed.items():
        person, _ = news[subject]
        opened = await open_identity(vault, tenant.id, identity)
        before = [Identifier(IdentifierKind(each["kind"]), each["value"]) for each in opened["identifiers"]]  # type: ignore[attr-defined]
        identifiers = list(dict.fromkeys([*before, *person.identifiers]))
        name = opened["name"] if isinstance(opened["name"], str) else person.name
        again = await seal_identity(vault, tenant.id, identity.key, identifiers, name)
        await subjects.change_identity(tx, subject, sealed=again)
    await subjects.add_digests(tx, [(subject, each) for subject in sealed for each in news[subject][1]])


async def _make(
    tx: Transaction, vault: Vault, tenant: Tenant, new: Sequence[tuple[Described, frozenset[Digest]]]
) -> dict[tuple[Described, frozenset[Digest]], UUID]:
    """Make a subject per description; the key is committed before the row that names it."""
    each_once = list(dict.fromkeys(new))
    ids = await new_ids(tx, len(each_once)) if each_once else []
    made, digests = [], []
    for subject, (person, found) in zip(ids, each_once, strict=True):
        key = await vault.keys.new_key(tenant.id, subject, tenant.tenant_key)
        sealed = await seal_identity(vault, tenant.id, key.id, person.identifiers, person.name)
        made.append(SealedIdentity(subject, key.id, sealed, staff=False, bot=False))
        digests += [(subject, each) for each in found]
    await subjects.add_subjects(tx, made)
    await subjects.add_digests(tx, digests)
    return dict(zip(each_once, ids, strict=True))
