"""Routes of letters, shown to be printed and said to be out, and of the recipients who are told."""

from typing import Annotated
from uuid import UUID

from fastapi.responses import HTMLResponse
from recital_identity import Permission
from recital_runtime import Caller, Instant, Model, Router, Text200, Text2000, requires

from recital_dsar.actions.letters import letter_of, letters_shown, note_returned, note_sent, shown_letter
from recital_dsar.actions.means import Means
from recital_dsar.actions.recipients import NamedRecipient, list_recipient, named_recipients, tell_recipient
from recital_dsar.decisions.letters import Channel, Letter, LetterKind, LetterState

Handles = Annotated[Caller, requires(Permission.HANDLE_REQUESTS)]
Reads = Annotated[Caller, requires(Permission.READ_REQUESTS)]


class LetterView(Model):
    """A letter; `trouble` says why it did not arrive."""

    id: UUID
    kind: LetterKind
    language: str
    channel: Channel
    state: LetterState
    written_at: Instant
    sent_at: Instant | None
    trouble: str | None


class Returned(Model):
    """Why a letter came back."""

    reason: Text2000


class NewRecipient(Model):
    """Somebody to whom the data was given (AVG art. 19)."""

    name: Text200
    contact: Text200 | None = None


class RecipientView(Model):
    """A recipient, and when it was told."""

    id: UUID
    name: str
    contact: str | None
    added_by: str
    added_at: Instant
    told_at: Instant | None
    told_by: str | None


def letter_routes(means: Means) -> Router:
    """Return the routes of letters and recipients."""
    router = Router(prefix="/v1/requests/{request}", tags=["letters"])

    @router.get("/letters")
    async def list_letters(request: UUID, caller: Reads) -> list[LetterView]:
        """List what was written to the person."""
        return [_letter(each) for each in await letters_shown(caller.tx, request)]

    @router.get("/letters/{letter}", response_class=HTMLResponse)
    async def show_letter(request: UUID, letter: UUID, caller: Reads) -> HTMLResponse:
        """Show a letter, to be printed."""
        html = await shown_letter(caller.tx, means, request, letter)
        headers = {
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        }
        return HTMLResponse(html, headers=headers)

    @router.post("/letters/{letter}/sent")
    async def letter_is_out(request: UUID, letter: UUID, caller: Handles) -> LetterView:
        """Say that a letter was posted or handed over, now; it takes its effect."""
        own = await letter_of(caller.tx, request, letter)
        return _letter(await note_sent(caller.tx, means, own, by=caller.principal.subject))

    @router.post("/letters/{letter}/returned")
    async def letter_came_back(request: UUID, letter: UUID, body: Returned, caller: Handles) -> LetterView:
        """Say that a letter that was out has come back."""
        own = await letter_of(caller.tx, request, letter)
        by = caller.principal.subject
        return _letter(await note_returned(caller.tx, means, own, reason=body.reason, by=by))

    @router.post("/recipients", status_code=201)
    async def add_recipient(request: UUID, body: NewRecipient, caller: Handles) -> RecipientView:
        """List somebody to whom the data was given."""
        by = caller.principal.subject
        added = await list_recipient(caller.tx, means, request, name=body.name, contact=body.contact, by=by)
        return _recipient(added)

    @router.get("/recipients")
    async def list_recipients(request: UUID, caller: Reads) -> list[RecipientView]:
        """List those to whom the data was given, and which of them have been told."""
        return [_recipient(each) for each in await named_recipients(caller.tx, means, request)]

    @router.post("/recipients/{recipient}/told", status_code=204)
    async def recipient_is_told(request: UUID, recipient: UUID, caller: Handles) -> None:
        """Tick a recipient off."""
        await tell_recipient(caller.tx, means, request, recipient, by=caller.principal.subject)

    return router


def _letter(each: Letter) -> LetterView:
    return LetterView(
        id=each.id,
        kind=each.kind,
        language=each.language,
        channel=each.channel,
        state=each.state,
        written_at=each.written_at,
        sent_at=each.sent_at,
        trouble=each.trouble,
    )


def _recipient(each: NamedRecipient) -> RecipientView:
    return RecipientView(
        id=each.id,
        name=each.name,
        contact=each.contact,
        added_by=each.added_by,
        added_at=each.added_at,
        told_at=each.told_at,
        told_by=each.told_by,
    )
