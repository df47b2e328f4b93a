"""Tenants (the operator's) and their settings (the tenant_admin's)."""

from dataclasses import replace
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

from recital_consent.actions import tenants
from recital_consent.actions.means import Means
from recital_consent.decisions.guard import LARGEST_GUARD_MS
from recital_consent.model.purposes import CouncilKind, WorksCouncil
from recital_consent.model.tenants import Tenant, TenantDraft, TenantSettings


class OpenTenant(Model):
    """A tenant to be opened."""

    name: Text200
    country: str = Field(max_length=2)
    time_zone: str = Field(max_length=64)
    languages: list[str] = Field(max_length=50)
    number_region: str = Field(max_length=2)


class TenantView(OpenTenant):
    """An open tenant."""

    id: UUID
    opened_at: Instant


class CouncilBody(Model):
    """What is said of the works council (R20)."""

    kind: CouncilKind
    reference: Text200 | None = None

    def council(self) -> WorksCouncil:
        """Return it as the model knows it."""
        return WorksCouncil(kind=self.kind, reference=self.reference)


class ChangeSettings(Model):
    """What is to be changed; what is not named stays."""

    guard_ms: int | None = Field(default=None, ge=0, le=LARGEST_GUARD_MS)
    private_mark_minutes: int | None = Field(default=None, ge=0, le=10_080)
    works_council: CouncilBody | None = None


class SettingsView(Model):
    """A tenant's settings."""

    version: int
    guard_ms: int
    private_mark_minutes: int
    works_council: CouncilBody | None


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
        wanted = replace(
            found,
            guard_ms=found.guard_ms if body.guard_ms is None else body.guard_ms,
            private_mark_minutes=(
                found.private_mark_minutes if body.private_mark_minutes is None else body.private_mark_minutes
            ),
            works_council=body.works_council.council() if body.works_council else found.works_council,
        )
        return _shown(await tenants.change_settings(caller.tx, wanted, expected=found.version), response)

    return router


def _operators_routes(router: Router, means: Means) -> None:
    @router.post("/tenants", status_code=201)
    async def open_tenant(
        body: OpenTenant, _operator: Annotated[Operator, operates(Permission.OPEN_TENANTS)], key: IdempotencyKey = None
    ) -> TenantView:
        """Open a tenant: its keys are made, and every service hears of it."""
        draft = TenantDraft(
            name=body.name,
            country=body.country,
            time_zone=body.time_zone,
            languages=tuple(body.languages),
            number_region=body.number_region,
        )
        return _view(await tenants.open_tenant(means, draft, key))

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
        opened_at=tenant.opened_at,
    )


def _shown(settings: TenantSettings, response: Response) -> SettingsView:
    response.headers["ETag"] = _etag(settings)
    council = settings.works_council
    return SettingsView(
        version=settings.version,
        guard_ms=settings.guard_ms,
        private_mark_minutes=settings.private_mark_minutes,
        works_council=CouncilBody(kind=council.kind, reference=council.reference) if council else None,
    )


def _etag(settings: TenantSettings) -> str:
    return f'"{settings.version}"'
