"""Sources that calls come from, staff, and what staff were told beforehand."""

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
    Text200,
    page_of,
    requires,
)

from recital_consent.actions import people
from recital_consent.actions.means import Means
from recital_consent.api.shapes import Key, Version, When
from recital_consent.model.subjects import StaffNotice
from recital_consent.model.tenants import Source, SourceKind


class RegisterSource(Model):
    """A trunk, number or app that calls come from (R02)."""

    kind: SourceKind
    name: Text200
    numbers: list[Text200] = Field(default=[], max_length=1_000)


class SourceView(RegisterSource):
    """A registered source; numbers in E.164."""

    id: UUID
    registered_at: Instant


class RegisterStaff(Model):
    """A member of staff, or one of the tenant's own bots."""

    staff_id: Text200
    name: Text200 | None = None
    bot: bool = False


class StaffView(Model):
    """A member of staff, known outside this service by `subject` only."""

    subject: UUID
    bot: bool


class OwnView(Model):
    """As whom a member of staff is known outside this service."""

    subject: UUID


class Leaving(Model):
    """When a member of staff leaves or left; now unless said."""

    left_at: When | None = None


class LeavingView(Model):
    """A member of staff who left: the identity is erased with the last holding that needs it."""

    subject: UUID
    left_at: Instant


class Acknowledge(Model):
    """That staff acknowledged what was announced to them (R20), now unless said."""

    subjects: list[UUID] = Field(default=[], max_length=5_000)
    staff_ids: list[Text200] = Field(default=[], max_length=5_000)
    purpose: Key
    version: Version
    acknowledged_at: When | None = None


class AcknowledgedView(Model):
    """Whose acknowledgement is new."""

    subjects: list[UUID]


class LogStaffNotices(Model):
    """That a purpose version was announced to staff (R20), each named by staff id or subject."""

    subjects: list[UUID] = Field(default=[], max_length=5_000)
    staff_ids: list[Text200] = Field(default=[], max_length=5_000)
    purpose: Key
    version: Version
    notified_at: When
    acknowledged_at: When | None = None


class StaffNoticeView(Model):
    """One logged announcement."""

    id: UUID
    subject: UUID
    purpose: str
    version: int
    notified_at: Instant
    acknowledged_at: Instant | None


class StaffNoticesView(Model):
    """What was logged."""

    notices: list[StaffNoticeView]


def people_routes(means: Means) -> Router:
    """Return the routes for sources and staff."""
    router = Router(prefix="/v1", tags=["people"])
    _staff_routes(router, means)

    @router.post("/sources", status_code=201)
    async def register_source(
        body: RegisterSource,
        caller: Annotated[Caller, requires(Permission.MANAGE_SOURCES)],
        key: IdempotencyKey = None,
    ) -> SourceView:
        """Register a source."""
        return _source(await people.register_source(caller.tx, body.kind, body.name, body.numbers, key))

    @router.get("/sources")
    async def list_sources(
        caller: Annotated[Caller, requires(Permission.MANAGE_SOURCES)], page: Paging
    ) -> PageOf[SourceView]:
        """List the sources."""
        found = await people.list_sources(caller.tx, after=page.after, most=page.limit + 1)
        return page_of([_source(each) for each in found], page, lambda view: view.id)

    return router


def _staff_routes(router: Router, means: Means) -> None:
    @router.post("/staff", status_code=201)
    async def register_staff(
        body: RegisterStaff,
        caller: Annotated[Caller, requires(Permission.MANAGE_STAFF)],
        key: IdempotencyKey = None,
    ) -> StaffView:
        """Register a member of staff; the same staff id is the same person, so asking twice is harmless."""
        subject = await people.register_staff(means, caller.tx, body.staff_id, name=body.name, bot=body.bot, key=key)
        return StaffView(subject=subject, bot=body.bot)

    @router.get("/staff/me")
    async def read_own(caller: Annotated[Caller, requires(Permission.READ_OWN_CALLS)]) -> OwnView:
        """Tell a member of staff their own subject, by the token's staff id; 404 for one that nobody knows here."""
        return OwnView(subject=await people.own_subject(means, caller.tx, caller.principal))

    @router.post("/staff/{subject}/leaving")
    async def note_leaving(
        subject: UUID, body: Leaving, caller: Annotated[Caller, requires(Permission.MANAGE_STAFF)]
    ) -> LeavingView:
        """Note that a member of staff leaves; registering the same staff id again takes it back."""
        return LeavingView(subject=subject, left_at=await people.note_leaving(caller.tx, subject, body.left_at))

    @router.post("/staff/notices/acknowledgements")
    async def acknowledge(
        body: Acknowledge, caller: Annotated[Caller, requires(Permission.MANAGE_STAFF)]
    ) -> AcknowledgedView:
        """Note in bulk that staff acknowledged an announcement."""
        at = body.acknowledged_at or caller.tx.now
        told = people.Announcement(
            tuple(body.subjects), tuple(body.staff_ids), body.purpose, body.version, at, body.acknowledged_at
        )
        return AcknowledgedView(subjects=await people.acknowledge(means, caller.tx, told))

    @router.post("/staff/notices", status_code=201)
    async def log_notices(
        body: LogStaffNotices,
        caller: Annotated[Caller, requires(Permission.MANAGE_STAFF)],
        key: IdempotencyKey = None,
    ) -> StaffNoticesView:
        """Log what was announced to staff."""
        told = people.Announcement(
            tuple(body.subjects),
            tuple(body.staff_ids),
            body.purpose,
            body.version,
            body.notified_at,
            body.acknowledged_at,
        )
        logged = await people.log_staff_notices(means, caller.tx, told, key)
        return StaffNoticesView(notices=[_notice(each) for each in logged])


def _source(source: Source) -> SourceView:
    return SourceView(
        id=source.id,
        kind=source.kind,
        name=source.name,
        numbers=list(source.numbers),
        registered_at=source.registered_at,
    )


def _notice(notice: StaffNotice) -> StaffNoticeView:
    return StaffNoticeView(
        id=notice.id,
        subject=notice.subject,
        purpose=notice.key,
        version=notice.version,
        notified_at=notice.notified_at,
        acknowledged_at=notice.acknowledged_at,
    )
