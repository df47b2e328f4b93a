"""What persons say outside any one call: consent, withdrawals, objections."""

from typing import Annotated
from uuid import UUID

from pydantic import Field
from recital_identity import Permission
from recital_runtime import (
    Caller,
    IdempotencyKey,
    Instant,
    Model,
    PageOf,
    Paging,
    Router,
    Text10000,
    page_of,
    requires,
    requires_or_order,
)

from recital_consent.actions import stating
from recital_consent.actions.means import Means
from recital_consent.api.shapes import Key, Language, When, canonical
from recital_consent.model.statements import Statement, StatementKind, StatementState

Purposes = Annotated[list[Key], Field(min_length=1, max_length=50)]
STATER = Annotated[Caller, requires(Permission.STATE_FOR_SUBJECTS)]


class GiveConsent(Model):
    """Consent given outside a call, with the text that was agreed to."""

    purposes: Purposes
    at: When
    language: Language
    text: Text10000 = Field(min_length=1)


class Object(Model):
    """A withdrawal or an objection; without `purposes` it is of all that it can be about, without `at` it is of now."""

    purposes: Purposes | None = None
    at: When | None = None


class StatementView(Model):
    """What was said; `state` of an objection is pending until it is decided. `ledger_entry` is in the ledger."""

    id: UUID
    subject: UUID
    kind: StatementKind
    state: StatementState
    purposes: list[str] | None
    at: Instant
    received_at: Instant
    language: str | None
    text: str | None
    decided_at: Instant | None
    ledger_entry: UUID | None


def statement_routes(_means: Means) -> Router:
    """Return the routes for statements."""
    router = Router(prefix="/v1/subjects/{subject}", tags=["statements"])

    @router.post("/consents", status_code=201)
    async def give_consent(
        subject: UUID, body: GiveConsent, caller: STATER, key: IdempotencyKey = None
    ) -> StatementView:
        """Keep consent that was given outside a call: it counts for every call from then on, until it is withdrawn."""
        draft = Statement(
            id=subject,
            subject=subject,
            kind=StatementKind.CONSENT,
            at=body.at,
            received_at=caller.tx.now,
            purposes=frozenset(body.purposes),
            text=body.text,
            language=body.language,
        )
        return statement_view(await stating.state(caller.tx, caller.principal, draft, _content(subject, body), key))

    @router.post("/withdrawals", status_code=201)
    async def withdraw(
        subject: UUID,
        body: Object,
        caller: Annotated[Caller, requires_or_order(Permission.STATE_FOR_SUBJECTS, "withdraw")],
        key: IdempotencyKey = None,
    ) -> StatementView:
        """Withdraw consent: its permits are revoked, call after call, and later calls need consent anew (R08)."""
        draft = _draft(caller, subject, StatementKind.WITHDRAWAL, body)
        return statement_view(await stating.state(caller.tx, caller.principal, draft, _content(subject, body), key))

    @router.post("/objections", status_code=201)
    async def object_to(
        subject: UUID,
        body: Object,
        caller: Annotated[Caller, requires_or_order(Permission.STATE_FOR_SUBJECTS, "object")],
        key: IdempotencyKey = None,
    ) -> StatementView:
        """Object: permits are suspended at once, and revoked or reinstated when it is decided (R17)."""
        draft = _draft(caller, subject, StatementKind.OBJECTION, body)
        return statement_view(await stating.state(caller.tx, caller.principal, draft, _content(subject, body), key))

    @router.get("/statements")
    async def list_statements(
        subject: UUID, caller: Annotated[Caller, requires(Permission.READ_CALLS)], page: Paging
    ) -> PageOf[StatementView]:
        """List what a subject said outside calls."""
        found = await stating.list_statements(caller.tx, subject, after=page.after, most=page.limit + 1)
        return page_of([statement_view(each) for each in found], page, lambda view: view.id)

    return router


def statement_view(said: Statement) -> StatementView:
    """Return a statement as it is answered."""
    return StatementView(
        id=said.id,
        subject=said.subject,
        kind=said.kind,
        state=said.state,
        purposes=None if said.purposes is None else sorted(said.purposes),
        at=said.at,
        received_at=said.received_at,
        language=said.language,
        text=said.text,
        decided_at=said.decided_at,
        ledger_entry=said.ledger_entry,
    )


def _draft(caller: Caller, subject: UUID, kind: StatementKind, body: Object) -> Statement:
    return Statement(
        id=subject,
        subject=subject,
        kind=kind,
        at=body.at or caller.tx.now,
        received_at=caller.tx.now,
        purposes=None if body.purposes is None else frozenset(body.purposes),
        state=StatementState.PENDING if kind is StatementKind.OBJECTION else StatementState.STANDING,
    )


def _content(subject: UUID, body: Model) -> bytes:
    return subject.bytes + canonical(body)
