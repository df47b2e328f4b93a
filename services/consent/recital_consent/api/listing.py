"""What is read: every call explained, the consents of a person, and endings of what references name."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from recital_identity import Permission
from recital_runtime import Caller, IdempotencyKey, Instant, Model, PageOf, Paging, Router, page_of, requires

from recital_consent.actions import endings, listing
from recital_consent.actions.means import Means
from recital_consent.api.shapes import Key, Reference, When
from recital_consent.decisions.registering import spoken
from recital_consent.model.completeness import Outcome
from recital_consent.model.explained import ConsentInForce, Explained
from recital_consent.model.listing import Narrowed

READER = Annotated[Caller, requires(Permission.READ_CALLS)]


def _wanted(
    reference: Annotated[str | None, Query(min_length=1, max_length=16)] = None,
    outcome: Annotated[list[Outcome] | None, Query(max_length=6)] = None,
    subject: Annotated[UUID | None, Query()] = None,
    purpose: Annotated[Key | None, Query()] = None,
    since: Annotated[When | None, Query()] = None,
    until: Annotated[When | None, Query()] = None,
) -> Narrowed:
    return Narrowed(
        reference=spoken(reference) if reference else None,
        outcomes=outcome or (),
        subjects=[subject] if subject else None,
        purpose=purpose,
        since=since,
        until=until,
    )


Wanted = Annotated[Narrowed, Depends(_wanted)]
"""Which calls: by speakable `reference`, `outcome`, `subject`, `purpose`, and their start from `since` to `until`."""


class ExplainedView(Model):
    """A call explained: recorded, lawfully not recorded (reasons), missing or unended (alarmed), or not due yet.

    `gaps` are what could be kept and has not come, in milliseconds since the answer.
    """

    call: UUID
    reference: str
    external_id: str | None
    started_at: Instant | None
    ended_at: Instant | None
    outcome: Outcome
    reasons: list[str]
    gaps: list[tuple[int, int]]
    refused_code: str | None
    recordings: list[UUID]


class CountsView(Model):
    """How many calls there are of each outcome."""

    counts: dict[Outcome, int]


class ConsentView(Model):
    """A consent in force: of one call (`version` is the purpose's), or given outside calls for these purposes."""

    call: UUID | None
    purposes: list[str] | None
    version: int | None
    since: Instant
    ledger_entry: UUID | None


class ConsentsView(Model):
    """The consents of a person that are in force."""

    consents: list[ConsentView]


class ReportEnding(Model):
    """What a reference of calls names (a contract, a case) ended."""

    reference: Reference
    at: When


class EndingView(Model):
    """An ending that was reported."""

    id: UUID
    reference: str
    at: Instant
    reported_at: Instant


def listing_routes(means: Means) -> Router:
    """Return the routes that only read, and the one for endings."""
    router = Router(prefix="/v1", tags=["calls"])

    @router.get("/completeness")
    async def explain(caller: READER, page: Paging, wanted: Wanted) -> PageOf[ExplainedView]:
        """List calls, each explained."""
        found = await listing.explain_calls(caller.tx, wanted, after=page.after, most=page.limit + 1)
        return page_of([_explained(each) for each in found], page, lambda view: view.call)

    @router.get("/completeness/counts")
    async def count(caller: READER, wanted: Wanted) -> CountsView:
        """Count calls by what is to be said of their recordings: together they are all calls."""
        found = await listing.count_calls(caller.tx, wanted)
        return CountsView(counts={each: found.get(each, 0) for each in Outcome})

    @router.get("/subjects/{subject}/consents")
    async def consents(subject: UUID, caller: Annotated[Caller, requires(Permission.MANAGE_SUBJECTS)]) -> ConsentsView:
        """List the consents of a person that are in force now."""
        found = await listing.consents_in_force(caller.tx, subject)
        return ConsentsView(consents=[_consent(each) for each in found])

    @router.post("/endings", status_code=201)
    async def report_ending(
        body: ReportEnding,
        caller: Annotated[Caller, requires(Permission.REGISTER_CALLS)],
        key: IdempotencyKey = None,
    ) -> EndingView:
        """Report an ending: retention periods that wait for this reference begin."""
        ending = await endings.report_ending(means, caller.tx, body.reference, body.at, key)
        return EndingView(id=ending.id, reference=ending.reference, at=ending.ended_at, reported_at=ending.reported_at)

    return router


def _explained(each: Explained) -> ExplainedView:
    said = each.completeness
    return ExplainedView(
        call=each.call,
        reference=each.reference,
        external_id=each.external_id,
        started_at=each.started_at,
        ended_at=each.ended_at,
        outcome=said.outcome,
        reasons=list(said.reasons),
        gaps=list(said.gaps),
        refused_code=each.refused_code,
        recordings=list(each.recordings),
    )


def _consent(each: ConsentInForce) -> ConsentView:
    return ConsentView(
        call=each.call,
        purposes=list(each.purposes) if each.purposes is not None else None,
        version=each.version,
        since=each.since,
        ledger_entry=each.entry,
    )
