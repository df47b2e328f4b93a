"""Tenants (the operator's) and their settings (the tenant_admin's)."""

from dataclasses import asdict, replace
from typing import Annotated
from uuid import UUID

from fastapi import Header, Response
from pydantic import Field
from recital_errors import PreconditionFailed
from recital_identity import Permission
from recital_runtime import (
    Caller,
    IdempotencyKey,
    Instant,
    Model,
    Operator,
    PageOf,
    Paging,
    Router,
    Text200,
    operates,
    page_of,
    requires,
)

from recital_consent.actions import closing, tenants
from recital_consent.actions.means import Means
from recital_consent.model.purposes import CouncilKind, WorksCouncil
from recital_consent.model.tenants import ErasureWindow, Tenant, TenantDraft, TenantSettings, TenantState


class OpenTenant(Model):
    """A tenant to be opened; concurrent_uploads: how many recordings may come in at once, the house's limit if None."""

    name: Text200
    country: str = Field(max_length=2)
    time_zone: str = Field(max_length=64)
    languages: list[str] = Field(max_length=50)
    number_region: str = Field(max_length=2)
    concurrent_uploads: int | None = None


class ChangeTenant(Model):
    """What the operator changes of a tenant; what is not named stays."""

    name: Text200 = ""
    country: str = Field(default="", max_length=2)
    time_zone: str = Field(default="", max_length=64)
    languages: list[str] = Field(default=[], max_length=50)
    number_region: str = Field(default="", max_length=2)
    concurrent_uploads: int | None = None


class TenantView(OpenTenant):
    """A tenant; `state` says how far its end has come."""

    id: UUID
    opened_at: Instant
    state: TenantState
    closed_at: Instant | None
    export_until: Instant | None


class CouncilBody(Model):
    """What is said of the works council (R20)."""

    kind: CouncilKind
    reference: Text200 | None = None

    def council(self) -> WorksCouncil:
        """Return it as the model knows it."""
        return WorksCouncil(kind=self.kind, reference=self.reference)


class WindowBody(Model):
    """The local days (1 Monday to 7 Sunday) and hours in which what has expired is erased; past midnight if need be."""

    weekdays: list[int] = Field(max_length=7)
    starts_at: str = Field(max_length=5)
    ends_at: str = Field(max_length=5)


class ChangeSettings(Model):
    """What is to be changed; what is not named stays, and what may be null is then left to the default again."""

    guard_ms: int = 0
    private_mark_minutes: int = 0
    works_council: CouncilBody | None = None
    unended_after_minutes: int = 0
    missing_after_minutes: int = 0
    missing_tolerance_ms: int = 0
    holiday_region: str | None = Field(default=None, max_length=6)
    erasure_window: WindowBody | None = None
    call_record_retention: str | None = Field(default=None, max_length=32)
    request_file_retention: str | None = Field(default=None, max_length=32)
    package_retention: str | None = Field(default=None, max_length=32)
    read_back_every: str | None = Field(default=None, max_length=32)
    staff_voices_muted: bool = True

    def changed(self, found: TenantSettings) -> TenantSettings:
        """Return settings with what is to be changed."""
        said = {name: getattr(self, name) for name in self.model_fields_set}
        if self.works_council is not None:
            said["works_council"] = self.works_council.council()
        if self.erasure_window is not None:
            window = self.erasure_window
            said["erasure_window"] = ErasureWindow(
                weekdays=tuple(window.weekdays), starts_at=window.starts_at, ends_at=window.ends_at
            )
        return replace(found, **said)


class SettingsView(Model):
    """A tenant's settings. Durations in ISO 8601; null where the default holds."""

    version: int
    guard_ms: int
    private_mark_minutes: int
    works_council: CouncilBody | None
    unended_after_minutes: int
    missing_after_minutes: int
    missing_tolerance_ms: int
    holiday_region: str | None
    erasure_window: WindowBody | None
    call_record_retention: str | None
    request_file_retention: str | None
    package_retention: str | None
    read_back_every: str | None
    staff_voices_muted: bool


def tenant_routes(means: Means) -> Router:
    """Return the routes for tenants and their settings."""
    router = Router(prefix="/v1", tags=["tenants"])
    _operators_routes(router, means)

    @router.get("/settings")
    async def settings(
        caller: Annotated[Caller, requires(Permission.READ_SETTINGS)], response: Response
    ) -> SettingsView:
        """Return the tenant's settings; the ETag is asked for when they are changed."""
        return _shown(await tenants.read_settings(caller.tx), response)

    @router.patch("/settings")
    async def change_settings(
        body: ChangeSettings,
        caller: Annotated[Caller, requires(Permission.CHANGE_SETTINGS)],
        response: Response,
        if_match: Annotated[str | None, Header(max_length=100)] = None,
    ) -> SettingsView:
        """Change settings; 412 where they are no longer those that were read. A new guard counts for new calls."""
        found = await tenants.read_settings(caller.tx)
        if if_match != _etag(found):
            raise PreconditionFailed("settings_changed", "Send If-Match with the ETag of the settings as they are.")
        wanted = body.changed(found)
        return _shown(await tenants.change_settings(caller.tx, wanted, expected=found.version), response)

    return router


def _operators_routes(router: Router, means: Means) -> None:
    @router.post("/tenants", status_code=201)
    async def open_tenant(
        body: OpenTenant, _operator: Annotated[Operator, operates(Permission.OPEN_TENANTS)], key: IdempotencyKey = None
    ) -> TenantView:
        """Open a tenant: its keys are made, and every service hears of it."""
        draft = TenantDraft(**(body.model_dump() | {"languages": tuple(body.languages)}))
        return _view(await tenants.open_tenant(means, draft, key))

    @router.patch("/tenants/{tenant_id}")
    async def change_tenant(
        tenant_id: UUID, body: ChangeTenant, _operator: Annotated[Operator, operates(Permission.OPEN_TENANTS)]
    ) -> TenantView:
        """Change a tenant's name, country, time zone, languages, number region or limits; every service hears of it."""
        changes = {name: getattr(body, name) for name in body.model_fields_set}
        if "languages" in changes:
            changes["languages"] = tuple(body.languages)
        return _view(await tenants.change_tenant(means, tenant_id, changes))

    @router.post("/tenants/{tenant_id}/closing")
    async def close_tenant(
        tenant_id: UUID, _operator: Annotated[Operator, operates(Permission.OPEN_TENANTS)]
    ) -> TenantView:
        """Close a tenant: 409 with what is open at retention or dsar, else intake stops and 30 days are left to export.

        It may be asked again and again; meanwhile no new holds and requests are taken.
        """
        return _view(await closing.close_tenant(means, tenant_id))

    @router.get("/tenants")
    async def list_tenants(
        operator: Annotated[Operator, operates(Permission.READ_TENANTS)], page: Paging
    ) -> PageOf[TenantView]:
        """List the tenants."""
        found = await tenants.list_tenants(await operator.look(), after=page.after, most=page.limit + 1)
        return page_of([_view(each) for each in found], page, lambda view: view.id)

    @router.get("/tenants/{tenant_id}")
    async def read_tenant(
        tenant_id: UUID, operator: Annotated[Operator, operates(Permission.READ_TENANTS)]
    ) -> TenantView:
        """Return one tenant."""
        return _view(await tenants.read_tenant(await operator.look(), tenant_id))


def _view(tenant: Tenant) -> TenantView:
    draft = tenant.draft
    return TenantView(
        id=tenant.id,
        name=draft.name,
        country=draft.country,
        time_zone=draft.time_zone,
        languages=list(draft.languages),
        number_region=draft.number_region,
        concurrent_uploads=draft.concurrent_uploads,
        opened_at=tenant.opened_at,
        state=tenant.state,
        closed_at=tenant.closed_at,
        export_until=tenant.export_until,
    )


def _shown(settings: TenantSettings, response: Response) -> SettingsView:
    response.headers["ETag"] = _etag(settings)
    council = settings.works_council
    said = asdict(settings) | {
        "works_council": CouncilBody(kind=council.kind, reference=council.reference) if council else None
    }
    return SettingsView.model_validate(said)


def _etag(settings: TenantSettings) -> str:
    return f'"{settings.version}"'
