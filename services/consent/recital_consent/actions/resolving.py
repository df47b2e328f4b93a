"""Who a person's request is about, in ids: asked by dsar, answered alike for somebody and for nobody."""

from collections.abc import Sequence
from uuid import UUID

from recital_database import Transaction, record

from recital_consent.actions.identities import digests_of
from recital_consent.actions.means import LOG, Means
from recital_consent.decisions.identifying import normalised
from recital_consent.decisions.registering import spoken
from recital_consent.model.subjects import Identifier, IdentifierKind
from recital_consent.store import calls, merges, subjects, tenants


async def resolve_subjects(
    means: Means,
    tx: Transaction,
    request: UUID | None,
    asked: Sequence[tuple[IdentifierKind, str]],
    references: Sequence[str] = (),
) -> list[UUID]:
    """Return every subject that any of these identifiers leads to, also of a telephone that several share, and all that
    are one person with any of them. The speakable reference of a call leads to its parties that are not staff.

    What is no valid identifier leads to nobody, by the same steps.
    """
    tenant, _ = await tenants.own_tenant(tx)
    region = tenant.draft.number_region
    identifiers = [Identifier(kind, normalised(kind, value, region) or f"\0{value}") for kind, value in asked]
    found = await subjects.known_by(tx, {digest for _, digest in await digests_of(means.vault, tenant, identifiers)})
    of_calls = await calls.others_of(tx, [spoken(each) for each in references])
    everyone = await merges.together(tx, [*(each.subject for each in found), *of_calls])
    await record(tx, LOG, "subjects.resolved", facts={"request": str(request), "found": len(everyone)})
    return everyone
