"""What is known of a call and its permit, looked up once, and the verdict on it before a byte is read."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recital_database import Transaction
from recital_errors import Forbidden

from recital_ingest.actions.means import Means
from recital_ingest.actions.permits import verified
from recital_ingest.actions.refusing import enter_unreadable, tell_unadmitted
from recital_ingest.decisions.admission import Admission, Asked, Known, admit
from recital_ingest.model.permit import Permit
from recital_ingest.model.recording import party_mark
from recital_ingest.model.refusal import Refusal
from recital_ingest.store import permits, reference, uploads


@dataclass(frozen=True, slots=True)
class Admitted:
    """The verdict, told where it is a refusal, and the tenant's key; None before the tenant is known here."""

    verdict: Admission
    tenant_key: UUID | None


async def permit_behind(means: Means, token: str | None, tenant: UUID) -> Permit:
    """Return the permit a token is; what is refused of it is entered in the access ledger. As `verified` else."""
    try:
        return await verified(means, token, tenant)
    except Forbidden as refused:
        await enter_unreadable(means, tenant, refused)
        raise


async def judge(tx: Transaction, means: Means, asked: Asked, *, began: datetime | None = None) -> Admitted:
    """Make the checks in their order, one upload of a tenant after the other.

    `began` is given for one that came in pieces: it was admitted then, and is itself among those under way.
    """
    permit = asked.permit
    state = await permits.permit_state(tx, permit.id)
    tenant_key = await reference.tenant_key(tx, lock=True)
    tenant = await reference.tenant_facts(tx)
    known = Known(
        tombstones=await permits.tombstones_of(tx, permit.call),
        parties=frozenset(party_mark(permit.call, party.party) for party in permit.parties),
        used=state.used,
        revoked=state.revoked,
        uploads_open=0 if began is not None else await uploads.uploads_open(tx),
        suspended=state.suspended,
        closed=tenant.closed,
    )
    cap = tenant.concurrent_uploads or means.limits.uploads_per_tenant
    verdict = admit(asked, known, cap=cap, now=began or tx.now)
    if isinstance(verdict, Refusal):
        await tell_unadmitted(tx, permit, verdict)
    return Admitted(verdict, tenant_key)
