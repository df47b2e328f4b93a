"""Purposes: published in versions, read by everyone of the tenant."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query
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
    Text200,
    Text2000,
    Text10000,
    page_of,
    requires,
)

from recital_consent.actions import purposes
from recital_consent.actions.means import Means
from recital_consent.api.shapes import Version, canonical
from recital_consent.api.tenants import CouncilBody
from recital_consent.model.purposes import (
    Basis,
    BasisKind,
    Monitoring,
    PurposeDraft,
    PurposeVersion,
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


class SafeguardsBody(Model):
    """What protects staff who are heard (R19, R20)."""

    works_council: CouncilBody | None = None
    monitoring: Monitoring = Monitoring.NONE
    necessity: Text2000 | None = None
    dpia: Text200 | None = None


class PublishPurpose(Model):
    """A purpose as it is to be published."""

    key: Word
    title: Text200
    basis: BasisBody
    notices: dict[Word, Text10000] = Field(max_length=50)
    retention: Word
    roles: list[Word] = Field(max_length=20)
    hold_suppressed: bool = True
    hold_necessity: Text2000 | None = None
    staff_safeguards: SafeguardsBody = SafeguardsBody()

    def draft(self) -> PurposeDraft:
        """Return it as the model knows it."""
        guards = self.staff_safeguards
        return PurposeDraft(
            key=self.key,
            title=self.title,
            basis=Basis(**self.basis.model_dump()),
            notices=dict(self.notices),
            retention=self.retention,
            roles=frozenset(self.roles),
            hold_suppressed=self.hold_suppressed,
            hold_necessity=self.hold_necessity,
            staff_safeguards=StaffSafeguards(
                works_council=guards.works_council.council() if guards.works_council else None,
                monitoring=guards.monitoring,
                necessity=guards.necessity,
                dpia=guards.dpia,
            ),
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
    published_at: Instant
    in_force_from: Instant


def purpose_routes(_means: Means) -> Router:
    """Return the routes for purposes."""
    router = Router(prefix="/v1", tags=["purposes"])

    @router.post("/purposes", status_code=201)
    async def publish(
        body: PublishPurpose,
        caller: Annotated[Caller, requires(Permission.PUBLISH_PURPOSES)],
        key: IdempotencyKey = None,
    ) -> PurposeView:
        """Publish a purpose, or its next version."""
        return _view(await purposes.publish_purpose(caller.tx, body.draft(), canonical(body), key))

    @router.get("/purposes")
    async def list_purposes(
        caller: Annotated[Caller, requires(Permission.READ_PURPOSES)], page: Paging
    ) -> PageOf[PurposeView]:
        """List the purposes in their newest versions."""
        found = await purposes.list_purposes(caller.tx, after=page.after, most=page.limit + 1)
        return page_of([_view(each) for each in found], page, lambda view: view.id)

    @router.get("/purposes/{purpose_key}")
    async def read_purpose(
        purpose_key: str,
        caller: Annotated[Caller, requires(Permission.READ_PURPOSES)],
        version: Annotated[Version | None, Query()] = None,
    ) -> PurposeView:
        """Return a version of a purpose, the newest unless one is asked for."""
        return _view(await purposes.read_purpose(caller.tx, purpose_key, version))

    return router


def _view(purpose: PurposeVersion) -> PurposeView:
    draft = purpose.draft
    basis, guards, council = draft.basis, draft.staff_safeguards, draft.staff_safeguards.works_council
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
        staff_safeguards=SafeguardsBody(
            works_council=CouncilBody(kind=council.kind, reference=council.reference) if council else None,
            monitoring=guards.monitoring,
            necessity=guards.necessity,
            dpia=guards.dpia,
        ),
        published_at=purpose.published_at,
        in_force_from=purpose.in_force_from,
    )
