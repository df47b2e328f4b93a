"""What is recorded of one consent, notice or objection, and the proof that the ledger holds it."""

from uuid import UUID

from recital_database import Receipt, Transaction
from recital_database.journal import receipt
from recital_errors import Gone, NotFound

from recital_consent.actions.means import LOG
from recital_consent.model.calls import EntryKind
from recital_consent.model.purposes import PurposeVersion
from recital_consent.model.recorded import Recorded
from recital_consent.model.statements import Statement
from recital_consent.store import calls, purposes, statements, tenants

_RECORDED = frozenset(
    {
        EntryKind.NOTICE_PLAYED,
        EntryKind.CONSENT_GIVEN,
        EntryKind.CONSENT_REFUSED,
        EntryKind.CONSENT_WITHDRAWN,
        EntryKind.OBJECTED,
    }
)


async def record_of_entry(tx: Transaction, call_id: UUID, entry_id: str) -> Recorded:
    """Return what is recorded of an entry of a call.

    Raises NotFound, also for a kind of entry that is no notice, consent or objection; Gone where the call was erased.
    """
    call = await calls.read_call(tx, call_id)
    if call.erasing_at is not None:
        raise Gone("call_erased", "This call was erased.")
    written = call.written.get(entry_id)
    if written is None or written.entry.kind not in _RECORDED:
        raise NotFound
    entry = written.entry
    party = call.facts.party(entry.party)
    tenant, _ = await tenants.own_tenant(tx)
    return Recorded(
        kind=entry.kind.value,
        at=entry.at,
        received_at=entry.received_at,
        subject=party.subject if party else None,
        party=entry.party,
        purposes=[each for each in call.purposes if entry.touches(each.key)],
        language=entry.language or call.language,
        text=None,
        call=call.id,
        ledger_entry=written.ledger_entry,
        controller=tenant.draft.name,
        controller_id=tenant.id,
        country=call.facts.country,
    )


async def record_of_statement(tx: Transaction, statement_id: UUID) -> Recorded:
    """Return what is recorded of something said outside a call: of its purposes as they were when it was received.

    Raises NotFound.
    """
    said = await statements.find_statement(tx, statement_id)
    if said.ledger_entry is None:
        raise NotFound
    tenant, _ = await tenants.own_tenant(tx)
    return Recorded(
        kind=said.kind.value,
        at=said.at,
        received_at=said.received_at,
        subject=said.subject,
        party=None,
        purposes=await _purposes(tx, said),
        language=said.language,
        text=said.text,
        call=None,
        ledger_entry=said.ledger_entry,
        controller=tenant.draft.name,
        controller_id=tenant.id,
        country=tenant.draft.country,
    )


async def proof_of(tx: Transaction, said: Recorded) -> Receipt | None:
    """Return the proof that the ledger holds it; None while it waits for its place (a second at most)."""
    return await receipt(tx, LOG, said.ledger_entry)


async def _purposes(tx: Transaction, said: Statement) -> list[PurposeVersion]:
    found = await purposes.all_versions(tx)
    known = {key: [each for each in several if each.published_at <= said.received_at] for key, several in found.items()}
    return [several[-1] for key, several in known.items() if several and _is_about(said, key)]


def _is_about(said: Statement, key: str) -> bool:
    return said.purposes is None or key in said.purposes
