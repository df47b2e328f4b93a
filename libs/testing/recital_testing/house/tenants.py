"""A tenant of a running house, with a token and a client for whoever acts in a test."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

import httpx
from recital_identity import Role

if TYPE_CHECKING:
    from recital_testing.house.house import House


@dataclass(frozen=True, slots=True)
class TestTenant:
    """One open tenant: who acts for it has a role, and a number where two people share one."""

    __test__: ClassVar[bool] = False  # no test, whatever its name

    house: "House"
    id: UUID

    def token(self, role: Role, *, person: int = 1) -> str:
        """Return an access token, valid from now on by Recital's clock."""
        return self.house.tokens.of(self.id, role, self.house.clock.now(), person=person)

    def client(self, service: str, role: Role, *, person: int = 1) -> httpx.AsyncClient:
        """Return a client of one service; each request carries a fresh token, so moving the clock does not hurt."""
        return self.house.client(service, lambda: self.token(role, person=person))


@dataclass(frozen=True, slots=True)
class Bearer(httpx.Auth):
    """Puts a token, made anew, on each request."""

    token: Callable[[], str]

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header."""
        request.headers["Authorization"] = f"Bearer {self.token()}"
        yield request
