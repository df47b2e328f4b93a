"""Calls: registered, looked up, and what happens in them."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field
from recital_identity import Permission
from recital_runtime import (
    Caller,
    IdempotencyKey,
    Model,
    PageOf,
    Paging,
    Router,
    Text200,
    page_of,
    problem_of,
    requires,
)

from recital_consent.actions import rectifying, registering, timeline
from recital_consent.actions.lines import LineNeverRecorded
from recital_consent.actions.means import Means
from recital_consent.api.listing import Wanted
from recital_consent.api.permits import AskPermit, with_permit
from recital_consent.api.shapes import Key, Label, Language, Reference, Version, When, canonical
from recital_consent.api.views import CallView, EntryView, call_view, entry_view, rectification_views
from recital_consent.model.calls import Direction, EntryKind, PartyKind, PartyType
from recital_consent.model.drafts import CallDraft, EntryDraft, PartyDraft

READER = Annotated[Caller, requires(Permission.READ_CALLS)]
MOST_AT_ONCE = 500
_ALWAYS = {"id", "kind", "at"}


class PersonBody(Model):
    """Who a party is, as far as the sender knows. Numbers are read as dialled in the tenant's number region.

    `extension`, at the tenant's own exchange, is only compared with the lines that are never recorded; it is not kept.
    """

    kind: PartyKind
    type: PartyType = PartyType.PERSON
    number: Text200 | None = None
    email: Text200 | None = None
    customer_number: Text200 | None = None
    staff_id: Text200 | None = None
    name: Text200 | None = None
    extension: Text200 | None = None

    def draft(self, label: str) -> PartyDraft:
        """Return it as the model knows it."""
        return PartyDraft(
            label=label,
            kind=self.kind,
            type=self.type,
            number=self.number,
            email=self.email,
            customer_number=self.customer_number,
            staff_id=self.staff_id,
            name=self.name,
            extension=self.extension,
        )


class PartyBody(PersonBody):
    """A party of a call under the sender's own label."""

    party: Label


class EntryBody(Model):
    """What happened, and when. `at` is the moment; of a notice it is its end, and `started_at` its beginning.

    Which fields an entry needs and may have depends on its kind; `joining` names in full who joins for the first time.
    """

    id: Label
    kind: EntryKind
    at: When
    party: Label | None = None
    purposes: list[Key] | None = Field(default=None, max_length=50)
    version: Version | None = None
    language: Language | None = None
    started_at: When | None = None
    ended_at: When | None = None
    completed: bool | None = None
    joining: PersonBody | None = None

    def draft(self, *, kept: bool = True) -> EntryDraft:
        """Return it as the model knows it; one that is not kept needs no content to be compared by."""
        return EntryDraft(
            id=self.id,
            kind=self.kind,
            at=self.at,
            given=frozenset(name for name in self.model_fields_set - _ALWAYS if getattr(self, name) is not None),
            content=self.model_dump_json(exclude_none=True).encode() if kept else b"",
            party=self.party,
            purposes=frozenset(self.purposes or ()),
            version=self.version,
            language=self.language,
            started_at=self.started_at,
            ended_at=self.ended_at,
            completed=self.completed or False,
            joining=self.joining.draft(self.party or "") if self.joining else None,
        )


class RegisterCall(Model):
    """A call to be registered, with what has happened in it already. A call without a source is denied (R02)."""

    external_id: Text200
    source: UUID | None = None
    direction: Direction
    language: Language
    purposes: list[Key] = Field(min_length=1, max_length=50)
    parties: list[PartyBody] = Field(max_length=100)
    answered_at: When | None = None
    references: list[Reference] = Field(default=[], max_length=50)
    timeline: list[EntryBody] = Field(default=[], max_length=MOST_AT_ONCE)
    permit: AskPermit | None = None

    def draft(self) -> CallDraft:
        """Return it as the model knows it."""
        return CallDraft(
            external_id=self.external_id,
            source=self.source,
            direction=self.direction,
            language=self.language,
            purposes=tuple(self.purposes),
            parties=tuple(each.draft(each.party) for each in self.parties),
            answered_at=self.answered_at,
            references=tuple(self.references),
            entries=tuple(each.draft() for each in self.timeline),
            content=canonical(self),
        )


class WriteEntries(Model):
    """Entries for a call's timeline: all are written or none."""

    entries: list[EntryBody] = Field(min_length=1, max_length=MOST_AT_ONCE)


class TimelineView(Model):
    """What happened in a call, in the order it happened."""

    entries: list[EntryView]


def call_routes(means: Means) -> Router:
    """Return the routes for calls."""
    router = Router(prefix="/v1", tags=["calls"])
    _writing(router, means)

    @router.get("/calls")
    async def list_calls(
        caller: READER,
        page: Paging,
        wanted: Wanted,
        external_id: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
    ) -> PageOf[CallView]:
        """List calls in the order they were registered, or the one of an external id."""
        found = await timeline.list_calls(
            means, caller.tx, external_id=external_id, after=page.after, most=page.limit + 1, wanted=wanted
        )
        return page_of([call_view(*each) for each in found], page, lambda view: view.id)

    @router.get("/calls/{call_id}")
    async def read_call(call_id: UUID, caller: READER) -> CallView:
        """Return a call with its decision now, and what was corrected; 410 when it was erased."""
        view = call_view(*await timeline.read_call(caller.tx, call_id))
        corrected = await rectifying.read_rectifications(means, caller.tx, [call_id])
        return view.model_copy(update={"rectifications": rectification_views(corrected)})

    @router.get("/calls/{call_id}/timeline")
    async def read_timeline(call_id: UUID, caller: READER) -> TimelineView:
        """Return what happened in a call, each entry with its id in the ledger."""
        call, _ = await timeline.read_call(caller.tx, call_id)
        return TimelineView(entries=[entry_view(each) for each in call.written.values()])

    return router


def _writing(router: Router, means: Means) -> None:
    @router.post("/calls", status_code=201, response_model=CallView)
    async def register_call(
        body: RegisterCall,
        caller: Annotated[Caller, requires(Permission.REGISTER_CALLS)],
        response: Response,
        key: IdempotencyKey = None,
    ) -> CallView | Response:
        """Register a call and decide; the same external id with the same content is the same call (200).

        With `permit` the answer holds a permit too, or why none is given: one round trip for a call that is over. 403
        `line_never_recorded` where a line of it is never recorded: it is counted, and nothing of it is kept.
        """
        try:
            audio = body.permit.audio() if body.permit else None
            made = await registering.register_with_permit(means, caller.tx, body.draft(), key, audio)
        except LineNeverRecorded as refused:
            # Answered, not raised: the count of the day is committed.
            return problem_of(refused)
        response.status_code = 201 if made.is_new else 200
        view = call_view(made.call, made.verdict)
        return view if made.given is None else with_permit(view, made.given)

    @router.post("/calls/{call_id}/timeline")
    async def write_entries(
        call_id: UUID,
        body: WriteEntries,
        caller: Annotated[Caller, requires(Permission.WRITE_TIMELINE)],
        key: IdempotencyKey = None,
    ) -> CallView:
        """Write what happened; the answer is the decision now. An entry sent again is written once."""
        drafts = [each.draft() for each in body.entries]
        return call_view(*await timeline.write_entries(means, caller.tx, caller.principal, call_id, drafts, key))
