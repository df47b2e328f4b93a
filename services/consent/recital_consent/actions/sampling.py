"""Which of the calls being registered are drawn for purposes that watch staff by sample (R19).

The share is a keyed digest of the call's own name, so that it can be worked out again; only calls in the share ask
how many were drawn this month, all in one question.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from recital_database import Transaction
from recital_vault import Vault

from recital_consent.actions.means import digest
from recital_consent.decisions.sampling import Candidate, drawn_of, is_candidate, month_of, newly_heard
from recital_consent.model.calls import CallRecord, Party
from recital_consent.model.purposes import PurposeVersion
from recital_consent.model.tenants import Tenant
from recital_consent.store import sampling


async def count_joining(tx: Transaction, tenant: Tenant, call: CallRecord, joined: Sequence[Party]) -> None:
    """Count a drawn call for the staff who join it later too, in the month in which it was drawn.

    The draw itself stands: it was made at registration.
    """
    drawn = {each.id for each in call.facts.purposes if each.drawn}
    sampled = [each.id for each in call.purposes if each.draft.is_sampled and each.id in drawn]
    more = {(purpose, person): 1 for purpose in sampled for person in newly_heard(call.facts, joined)}
    if more:
        month = month_of(call.registered_at, tenant.draft.time_zone)
        await sampling.drawn_so_far(tx, month, more)
        await sampling.count_drawn(tx, month, more)


@dataclass(frozen=True, slots=True)
class Coming:
    """A call about to be registered: its external id, its purposes, who takes part."""

    external_id: str
    purposes: tuple[PurposeVersion, ...]
    parties: tuple[Party, ...]


async def not_drawn(
    vault: Vault, tx: Transaction, tenant: Tenant, coming: Mapping[UUID, Coming]
) -> set[tuple[UUID, UUID]]:
    """Return the (call, purpose) pairs that the sample leaves out, and count those that it takes."""
    sampled = [
        (call, each, purpose) for call, each in coming.items() for purpose in each.purposes if purpose.draft.is_sampled
    ]
    candidates = []
    for call, each, purpose in sampled:
        sample = purpose.draft.staff_safeguards.sample
        name = await digest(vault, tenant, "sample", f"{purpose.id}:{each.external_id}")
        if sample is not None and is_candidate(name, share_percent=sample.share_percent):
            staff = frozenset(party.subject for party in each.parties if party.is_staff and party.subject)
            candidates.append(Candidate(call, purpose.id, sample, staff))
    drawn: set[tuple[UUID, UUID]] = set()
    pairs = {(each.purpose, person) for each in candidates for person in each.staff}
    if candidates:
        month = month_of(tx.now, tenant.draft.time_zone)
        drawn, more = drawn_of(candidates, await sampling.drawn_so_far(tx, month, pairs) if pairs else {})
        if more:
            await sampling.count_drawn(tx, month, more)
    return {(call, purpose.id) for call, _, purpose in sampled} - drawn
