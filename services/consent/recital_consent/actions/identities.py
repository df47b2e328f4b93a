"""Who takes part: persons found by the blind index, or made with a key of their own; sealed, never in clear."""

import json
from collections.abc import Collection, Iterable, Sequence
from itertools import count
from uuid import UUID

from recital_database import Transaction, new_ids
from recital_vault import Vault

from recital_consent.actions.means import digest
from recital_consent.decisions.placing import Placed, place
from recital_consent.model.subjects import Described, Identifier, IdentifierKind, Identity, SealedIdentity
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
    wanted = [await digests_of(vault, tenant, each.identifiers) if _says(each) else None for each in people]
    every = {digest for each in wanted if each for _, digest in each}
    known = await subjects.known_by(tx, every) if every else []
    placed = place(wanted, known, (UUID(int=number) for number in count()))
    if not placed.is_news:
        return list(placed.subjects)
    if every:
        # Only who makes or extends a subject takes its identifiers' locks, and then looks again.
        await subjects.lock_digests(tx, every)
        known = await subjects.known_by(tx, every)
    placed = place(wanted, known, iter(await new_ids(tx, len(people))))
    await _extend(tx, vault, tenant, (people, wanted, placed))
    await _make(tx, vault, tenant, (people, wanted, placed))
    return list(placed.subjects)


async def open_identity(vault: Vault, tenant: UUID, identity: SealedIdentity) -> dict[str, object]:
    """Return an identity in clear: `identifiers` of {kind, value}, and `name`. Raises NotFound `key_destroyed`."""
    opened: dict[str, object] = json.loads(await vault.open_small(tenant, identity.key, identity.sealed, IDENTITY))
    return opened


async def read_identity(vault: Vault, tenant: UUID, identity: SealedIdentity) -> Identity:
    """Return an identity in clear as the model knows it. Raises as `open_identity`."""
    opened = json.loads(await vault.open_small(tenant, identity.key, identity.sealed, IDENTITY))
    known = tuple(Identifier(IdentifierKind(each["kind"]), each["value"]) for each in opened["identifiers"])
    return Identity(known, opened["name"])


async def seal_identity(
    vault: Vault, tenant: UUID, key: UUID, identifiers: Sequence[Identifier], name: str | None
) -> bytes:
    """Seal an identity under its subject's own key."""
    plain = {"identifiers": [{"kind": each.kind.value, "value": each.value} for each in identifiers], "name": name}
    return await vault.seal_small(tenant, key, json.dumps(plain, ensure_ascii=False).encode(), IDENTITY)


Told = tuple[Sequence[Described], Sequence[frozenset[Digest] | None], Placed]


def _says(person: Described) -> bool:
    return bool(person.identifiers or person.name)


def _together(people: Iterable[Described]) -> Identity:
    """Return what several descriptions of one person say: every identifier once, the first name."""
    said = list(people)
    identifiers = tuple(dict.fromkeys(each for person in said for each in person.identifiers))
    return Identity(identifiers, next((each.name for each in said if each.name), None))


async def _extend(tx: Transaction, vault: Vault, tenant: Tenant, told: Told) -> None:
    people, wanted, placed = told
    if not placed.extended:
        return
    sealed = await subjects.sealed_identities(tx, placed.extended, locked=True)
    await vault.keys.several(tx.tenant, [each.key for each in sealed.values()])
    again = {}
    for subject, identity in sealed.items():
        before = await read_identity(vault, tenant.id, identity)
        news = _together(people[index] for index in placed.extended[subject])
        identifiers = list(dict.fromkeys([*before.identifiers, *news.identifiers]))
        again[subject] = await seal_identity(vault, tenant.id, identity.key, identifiers, before.name or news.name)
    await subjects.seal_again(tx, again)
    digests = {
        (subject, each) for subject in sealed for index in placed.extended[subject] for each in wanted[index] or ()
    }
    await subjects.add_digests(tx, sorted(digests))


async def _make(tx: Transaction, vault: Vault, tenant: Tenant, told: Told) -> None:
    """Make the subjects that are new; their keys are committed before the rows that name them."""
    people, wanted, placed = told
    if not placed.made:
        return
    # One round trip, however many: the key's owner is only what it is bound to, here the first of them.
    keys = await vault.keys.new_keys(tenant.id, next(iter(placed.made)), tenant.tenant_key, count=len(placed.made))
    made = []
    for key, (subject, places) in zip(keys, placed.made.items(), strict=True):
        identity = _together(people[index] for index in places)
        sealed = await seal_identity(vault, tenant.id, key.id, identity.identifiers, identity.name)
        made.append(SealedIdentity(subject, key.id, sealed, staff=False, bot=False))
    await subjects.add_subjects(tx, made)
    digests = {
        (subject, each) for subject, places in placed.made.items() for index in places for each in wanted[index] or ()
    }
    await subjects.add_digests(tx, sorted(digests))
