"""Purposes: published in versions, read by everyone of the tenant."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Self
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field, model_validator
from recital_identity import Permission
from recital_runtime import (
    Caller,
    IdempotencyKey,
    Instant,
    Model,
    PageOf,
    Paging,
    Router,
    Text200,
    Text2000,
    Text10000,
    page_of,
    requires,
)

from recital_consent.actions import purposes
from recital_consent.actions.means import Means
from recital_consent.api.shapes import Version, When, canonical
from recital_consent.api.tenants import CouncilBody
from recital_consent.model.purposes import (
    Basis,
    BasisKind,
    Monitoring,
    Proposal,
    PurposeDraft,
    PurposeVersion,
    RetentionFrom,
    Sample,
    StaffOnly,
    StaffSafeguards,
)

# An ample bound; what a key, a language or a role must look like is judged with everything else, all at once.
Word = Annotated[str, Field(max_length=64)]


class BasisBody(Model):
    """A lawful basis with what it needs (R08)."""

    kind: BasisKind
    document: Text200 | None = None
    citation: Text200 | None = None
    outcome: Text2000 | None = None
    review_on: date | None = None
    texts: dict[Word, Text10000] = Field(default={}, max_length=50)
    withdrawal: Text2000 | None = None


class SampleBody(Model):
    """Which share of each member of staff's calls is recorded, and how many a month at most (R19)."""

    share_percent: int = Field(ge=1, le=100)
    cap_per_month: int = Field(ge=1, le=100_000)


class StaffOnlyBody(Model):
    """An exception for calls with staff only, until the end of a day, and why it is needed (R27)."""

    until: date
    necessity: Text2000 = Field(min_length=1)


class SafeguardsBody(Model):
    """What protects staff who are heard (R19, R20, R27)."""

    works_council: CouncilBody | None = None
    monitoring: Monitoring = Monitoring.NONE
    necessity: Text2000 | None = None
    dpia: Text200 | None = None
    sample: SampleBody | None = None
    staff_only: StaffOnlyBody | None = None

    def safeguards(self) -> StaffSafeguards:
        """Return it as the model knows it."""
        exception = self.staff_only
        return StaffSafeguards(
            works_council=self.works_council.council() if self.works_council else None,
            monitoring=self.monitoring,
            necessity=self.necessity,
            dpia=self.dpia,
            sample=Sample(**self.sample.model_dump()) if self.sample else None,
            staff_only=StaffOnly(until=exception.until, necessity=exception.necessity) if exception else None,
        )


class PublishPurpose(Model):
    """A purpose as it is to be published.

    With `in_force_from`, a past moment, it is proposed instead: a document shows that it was in force then, and a
    second tenant_admin approves it. `retention_from` a reference's end has `at_most`, the longest time after the call.
    """

    key: Word
    title: Text200
    basis: BasisBody
    notices: dict[Word, Text10000] = Field(max_length=50)
    retention: Word
    roles: list[Word] = Field(max_length=20)
    hold_suppressed: bool = True
    hold_necessity: Text2000 | None = None
    staff_safeguards: SafeguardsBody = SafeguardsBody()
    retention_from: RetentionFrom = RetentionFrom.CALL_END
    at_most: Word | None = None
    in_force_from: When | None = None
    document: Text200 | None = None

    @model_validator(mode="after")
    def _document_of_a_past(self) -> Self:
        if self.document is not None and self.in_force_from is None:
            raise ValueError("a document shows since when: in_force_from is missing")
        return self

    def draft(self) -> PurposeDraft:
        """Return it as the model knows it."""
        return PurposeDraft(
            key=self.key,
            title=self.title,
            basis=Basis(**self.basis.model_dump()),
            notices=dict(self.notices),
            retention=self.retention,
            roles=frozenset(self.roles),
            hold_suppressed=self.hold_suppressed,
            hold_necessity=self.hold_necessity,
            staff_safeguards=self.staff_safeguards.safeguards(),
            retention_from=self.retention_from,
            at_most=self.at_most,
        )


class NoticeText(Model):
    """A notice text and the hex SHA-256 of it in UTF-8."""

    text: str
    sha256: str


class PurposeView(Model):
    """A published version of a purpose."""

    id: UUID
    key: str
    version: int
    title: str
    basis: BasisBody
    notices: dict[str, NoticeText]
    notice_sha256: dict[str, str]
    retention: str
    roles: list[str]
    hold_suppressed: bool
    hold_necessity: str | None
    staff_safeguards: SafeguardsBody
    retention_from: RetentionFrom
    at_most: str | None
    published_at: Instant
    in_force_from: Instant
    document: str | None
    retired_at: Instant | None


class ProposalView(Model):
    """A version that waits for a second person, or that was published as `version`."""

    id: UUID
    key: str
    title: str
    in_force_from: Instant
    document: str
    proposed_at: Instant
    approved_at: Instant | None
    version: int | None


class VersionsView(Model):
    """Every version of a purpose, in their order."""

    versions: list[PurposeView]


PUBLISHES = Annotated[Caller, requires(Permission.PUBLISH_PURPOSES)]
READS = Annotated[Caller, requires(Permission.READ_PURPOSES)]


def purpose_routes(means: Means) -> Router:
    """Return the routes for purposes."""
    router = Router(prefix="/v1", tags=["purposes"])
    _proposing(router, means)

    @router.post("/purposes", status_code=201, responses={202: {"model": ProposalView}})
    async def publish(
        body: PublishPurpose, caller: PUBLISHES, response: Response, key: IdempotencyKey = None
    ) -> PurposeView | ProposalView:
        """Publish a purpose, or its next version; one from a past date is proposed (202)."""
        if body.in_force_from is None:
            return _view(await purposes.publish_purpose(caller.tx, body.draft(), canonical(body), key))
        wanted = purposes.Past(body.draft(), body.in_force_from, body.document, canonical(body))
        response.status_code = 202
        return _proposal(await purposes.propose_purpose(means, caller.tx, caller.principal, wanted, key))

    @router.post("/purposes/{purpose_key}/retirement")
    async def retire(purpose_key: str, caller: PUBLISHES) -> PurposeView:
        """Retire a purpose: no call is registered for it any more, and what was recorded keeps its clocks."""
        return _view(await purposes.retire_purpose(caller.tx, purpose_key))

    @router.get("/purposes/{purpose_key}/versions")
    async def list_versions(purpose_key: str, caller: READS) -> VersionsView:
        """List every version of a purpose."""
        return VersionsView(versions=[_view(each) for each in await purposes.list_versions(caller.tx, purpose_key)])

    @router.get("/purposes")
    async def list_purposes(caller: READS, page: Paging) -> PageOf[PurposeView]:
        """List the purposes in their newest versions."""
        found = await purposes.list_purposes(caller.tx, after=page.after, most=page.limit + 1)
        return page_of([_view(each) for each in found], page, lambda view: view.id)

    @router.get("/purposes/{purpose_key}")
    async def read_purpose(
        purpose_key: str,
        caller: READS,
        version: Annotated[Version | None, Query()] = None,
    ) -> PurposeView:
        """Return a version of a purpose, the newest unless one is asked for."""
        return _view(await purposes.read_purpose(caller.tx, purpose_key, version))

    return router


def _proposing(router: Router, means: Means) -> None:
    @router.get("/purpose-proposals")
    async def list_proposals(caller: PUBLISHES, page: Paging) -> PageOf[ProposalView]:
        """List the versions that were proposed."""
        found = await purposes.list_proposals(caller.tx, after=page.after, most=page.limit + 1)
        return page_of([_proposal(each) for each in found], page, lambda view: view.id)

    @router.post("/purpose-proposals/{proposal}/approval")
    async def approve(proposal: UUID, caller: PUBLISHES) -> PurposeView:
        """Approve and publish a proposed version; 403 for whoever proposed it."""
        return _view(await purposes.approve_purpose(means, caller.tx, caller.principal, proposal))


def _proposal(proposal: Proposal) -> ProposalView:
    return ProposalView(
        id=proposal.id,
        key=proposal.draft.key,
        title=proposal.draft.title,
        in_force_from=proposal.in_force_from,
        document=proposal.document,
        proposed_at=proposal.proposed_at,
        approved_at=proposal.approved_at,
        version=proposal.version,
    )


def _view(purpose: PurposeVersion) -> PurposeView:
    draft = purpose.draft
    basis = draft.basis
    return PurposeView(
        id=purpose.id,
        key=draft.key,
        version=purpose.version,
        title=draft.title,
        basis=BasisBody(
            kind=basis.kind,
            document=basis.document,
            citation=basis.citation,
            outcome=basis.outcome,
            review_on=basis.review_on,
            texts=dict(basis.texts),
            withdrawal=basis.withdrawal,
        ),
        notices={
            language: NoticeText(text=text, sha256=purpose.notice_sha256[language])
            for language, text in draft.notices.items()
        },
        notice_sha256=dict(purpose.notice_sha256),
        retention=draft.retention,
        roles=sorted(draft.roles),
        hold_suppressed=draft.hold_suppressed,
        hold_necessity=draft.hold_necessity,
        staff_safeguards=_safeguards(draft.staff_safeguards),
        retention_from=draft.retention_from,
        at_most=draft.at_most,
        published_at=purpose.published_at,
        in_force_from=purpose.in_force_from,
        document=purpose.document,
        retired_at=purpose.retired_at,
    )


def _safeguards(guards: StaffSafeguards) -> SafeguardsBody:
    council, exception = guards.works_council, guards.staff_only
    return SafeguardsBody(
        works_council=CouncilBody(kind=council.kind, reference=council.reference) if council else None,
        monitoring=guards.monitoring,
        necessity=guards.necessity,
        dpia=guards.dpia,
        sample=SampleBody(**asdict(guards.sample)) if guards.sample else None,
        staff_only=StaffOnlyBody(until=exception.until, necessity=exception.necessity) if exception else None,
    )
