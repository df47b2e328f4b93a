"""Access tokens for local use: for the operator, and for each role of a tenant."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from recital_identity import LocalIssuer, Role

from recital_testing.house.environment import AUDIENCE

LIFETIME = timedelta(days=7)
# Approver and proposer differ and have the same role, so these roles have two people (four eyes).
PEOPLE = {Role.PRIVACY_OFFICER: 2, Role.TENANT_ADMIN: 2}
TENANT_ROLES = tuple(role for role in Role if role not in {Role.OPERATOR, Role.SUBJECT})
STAFF_ID = "1001"


@dataclass(frozen=True, slots=True)
class Tokens:
    """Signs tokens with the local issuer's key; `now` is Recital's time."""

    issuer: LocalIssuer

    def operator(self, now: datetime) -> str:
        """Return a token of the operator, who is of no tenant."""
        return self._token(None, Role.OPERATOR, 1, now)

    def of(self, tenant: UUID, role: Role, now: datetime, *, person: int = 1) -> str:
        """Return a token of the tenant's `person`-th person (or machine) in a role."""
        return self._token(tenant, role, person, now)

    def all_of(self, tenant: UUID, now: datetime) -> dict[str, list[str]]:
        """Return a token per role of a tenant, two where a second person must approve."""
        return {
            role.value: [self._token(tenant, role, person + 1, now) for person in range(PEOPLE.get(role, 1))]
            for role in TENANT_ROLES
        }

    def _token(self, tenant: UUID | None, role: Role, person: int, now: datetime) -> str:
        return self.issuer.access_token(
            audience=AUDIENCE,
            tenant=tenant,
            roles=[role],
            subject=f"{role.value}-{person}",
            now=now,
            lifetime=LIFETIME,
            staff_id=STAFF_ID if role is Role.STAFF else None,
        )
