"""Who may come in: every route names its guard, which admits the caller before a byte of the body is read.

A guard that opens a transaction commits it after the route has returned and before the answer is sent, so an answer
never promises what was not committed. A route without a guard cannot be made, unless it says why it is open.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from recital_database import Transaction
from recital_errors import Forbidden, Unauthenticated
from recital_identity import Permission, Principal, TokenKind, issuer_of, may, verify_order
from recital_identity import verify_service as service_behind
from recital_identity import verify_subject as person_behind

from recital_runtime.problems import problem_of

if TYPE_CHECKING:
    from recital_runtime.process import Runtime


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and the transaction of their tenant in which the request is answered."""

    principal: Principal
    tx: Transaction


class Operator:
    """The operator, who may enter one tenant's transaction at a time by naming the tenant."""

    def __init__(self, principal: Principal, runtime: "Runtime", stack: AsyncExitStack) -> None:
        """`stack` commits what was entered."""
        self.principal, self._runtime, self._stack = principal, runtime, stack

    async def enter(self, tenant: UUID) -> Transaction:
        """Open the transaction of a tenant; it commits with the request."""
        return await self._stack.enter_async_context(self._runtime.database.transaction(tenant))

    async def look(self) -> Transaction:
        """Open a transaction of the worker role: ids and counts of all tenants, no tenant's data."""
        return await self._stack.enter_async_context(self._runtime.database.work())


Handles = Callable[[Request], Coroutine[Any, Any, Response]]
Admission = Callable[[Request, "Runtime"], Awaitable[Principal]]


class Guard:
    """Admits a caller: by `admission`, before the body is read. Subclasses say what the route is given.

    gives_principal: who asks, and nothing that must be opened or closed. while_starting: the route is answered before
    the service serves.
    """

    gives_principal: ClassVar[bool] = False
    while_starting: bool = False

    def __init__(self, admission: Admission) -> None:
        """`admission` returns who asks, or raises Unauthenticated or Forbidden."""
        self._admission = admission

    async def admit(self, request: Request) -> None:
        """Judge the request's token and keep the principal for the route."""
        request.state.principal = await self._admission(request, runtime_of(request))


class _Who(Guard):
    gives_principal = True

    async def __call__(self, request: Request) -> Principal:
        return principal_of(request)


class _Inside(Guard):
    async def __call__(self, request: Request) -> AsyncIterator[Caller]:
        principal = principal_of(request)
        if principal.tenant is None:
            raise Forbidden("tenant_missing", "This token is of no tenant.")
        async with runtime_of(request).database.transaction(principal.tenant) as tx:
            yield Caller(principal, tx)


class _Operates(Guard):
    async def __call__(self, request: Request) -> AsyncIterator[Operator]:
        async with AsyncExitStack() as stack:
            yield Operator(principal_of(request), runtime_of(request), stack)


def requires(permission: Permission) -> Any:
    """Guard a route by a permission; it is given a Caller with the transaction of the token's tenant."""
    return Depends(_Inside(_user(permission)), scope="function")


def authenticated(permission: Permission) -> Any:
    """Guard a route by a permission; it is given the Principal alone, for routes that stream."""
    return Depends(_Who(_user(permission)), scope="function")


def operates(permission: Permission) -> Any:
    """Guard an operator's route; it is given an Operator."""
    return Depends(_Operates(_user(permission)), scope="function")


def requires_order(action: str) -> Any:
    """Guard a route that serves a person's request in dsar's order only; it is given a Caller."""
    return Depends(_Inside(_order(action)), scope="function")


def accepts_order(action: str) -> Any:
    """Guard a route as `requires_order` does; it is given the Principal alone, for routes that stream."""
    return Depends(_Who(_order(action)), scope="function")


def requires_or_order(permission: Permission, action: str) -> Any:
    """Guard a route by a permission or by dsar's order; it is given a Caller."""
    return Depends(_Inside(_either(permission, action)), scope="function")


def authenticated_or_order(permission: Permission, action: str) -> Any:
    """Guard a route by a permission or by dsar's order; it is given the Principal alone, for routes that stream."""
    return Depends(_Who(_either(permission, action)), scope="function")


def serves_service() -> Any:
    """Guard an internal route: another service's token, of no tenant. It is given an Operator that may only look."""
    return Depends(_Operates(_service), scope="function")


def serves_subject() -> Any:
    """Guard a route for the person behind a request; it is given the Principal alone."""
    return Depends(_Who(_subject), scope="function")


def open_route(why: str, *, while_starting: bool = False) -> Any:
    """Say that a route needs no token, and why (it brings its own credential, or shows nothing).

    `while_starting`: it is answered also before the service serves.
    """

    async def nobody(_request: Request, _runtime: "Runtime") -> Principal:
        raise Unauthenticated("open_route", why)

    guard = _Open(nobody)
    guard.while_starting = while_starting
    return Depends(guard)


class _Open(Guard):
    async def admit(self, request: Request) -> None:
        """Everyone may come in."""

    async def __call__(self, request: Request) -> None:
        """Nothing is given to the route."""


class GuardedRoute(APIRoute):
    """A route whose guards run before its body is read."""

    def handles(self) -> Handles:
        """Return what answers a request that was let in."""
        return super().get_route_handler()

    def get_route_handler(self) -> Handles:
        """Put the guards in front. Raises ValueError for a route that has none."""
        handler = self.handles()
        calls: list[object] = [each.call for each in self.dependant.dependencies]
        guards = [each for each in calls if isinstance(each, Guard)]
        if not guards:
            raise ValueError(f"{self.path} has no guard")
        while_starting = all(each.while_starting for each in guards)

        async def guarded(request: Request) -> Response:
            runtime = runtime_of(request)
            if runtime.not_serving is not None and not while_starting:
                return problem_of(runtime.not_serving)
            for guard in guards:
                await guard.admit(request)
            return await handler(request)

        return guarded


class Router(APIRouter):
    """A router of guarded routes."""

    def __init__(self, prefix: str = "", tags: list[str] | None = None) -> None:
        """As FastAPI's, with our route class."""
        super().__init__(prefix=prefix, tags=list(tags or []), route_class=GuardedRoute)

    def include_router(self, router: APIRouter, **_options: Any) -> None:
        """Take over another router's routes as they are: its own prefix and guards are in them already."""
        self.routes.extend(router.routes)


def runtime_of(request: Request) -> "Runtime":
    """Return the runtime of the process that serves a request."""
    runtime: Runtime = request.app.state.runtime
    return runtime


def principal_of(request: Request) -> Principal:
    """Return who was admitted to this request."""
    principal: Principal = request.state.principal
    return principal


def bearer_of(request: Request) -> str:
    """Return the bearer token of a request (RFC 6750 2.1); raises Unauthenticated where there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("token_missing", "This needs a bearer token.")
    return token.strip()


BearerToken = Annotated[str, Depends(bearer_of)]
"""The caller's own token, to be passed on to a neighbour that must judge it itself."""


def _user(permission: Permission) -> Admission:
    async def admission(request: Request, runtime: "Runtime") -> Principal:
        return _allowed(await _access(bearer_of(request), runtime), permission)

    return admission


def _order(action: str) -> Admission:
    async def admission(request: Request, runtime: "Runtime") -> Principal:
        return await _ordered(bearer_of(request), runtime, action)

    return admission


def _either(permission: Permission, action: str) -> Admission:
    async def admission(request: Request, runtime: "Runtime") -> Principal:
        token = bearer_of(request)
        if issuer_of(token) == runtime.settings.token_issuer:
            return _allowed(await _access(token, runtime), permission)
        return await _ordered(token, runtime, action)

    return admission


async def _access(token: str, runtime: "Runtime") -> Principal:
    return runtime.tokens.principal_of(token, runtime.database.clock.now())


def _allowed(principal: Principal, permission: Permission) -> Principal:
    if not may(principal, permission):
        raise Forbidden("role_missing", f"None of this token's roles may {permission.value.replace('_', ' ')}.")
    return principal


async def _ordered(token: str, runtime: "Runtime", action: str) -> Principal:
    keys = await runtime.neighbours.keys("dsar", use=TokenKind.ORDER, token=token)
    principal = verify_order(token, keys, audience=runtime.service, now=runtime.database.clock.now())
    if action not in principal.actions:
        raise Forbidden("action_not_ordered", "This order does not name what is asked.")
    return principal


async def _service(request: Request, runtime: "Runtime") -> Principal:
    token = bearer_of(request)
    caller = (issuer_of(token) or "").removeprefix("recital/")
    keys = await runtime.neighbours.keys(caller, use=TokenKind.SERVICE, token=token)
    return service_behind(token, keys, audience=runtime.service, now=runtime.database.clock.now())


async def _subject(request: Request, runtime: "Runtime") -> Principal:
    keys = runtime.signing.keys("subject")
    return person_behind(bearer_of(request), keys, now=runtime.database.clock.now())
