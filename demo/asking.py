"""How the journey asks: over HTTP, as somebody in a role, again while a service does not answer.

What creates something carries an Idempotency-Key made from the step, so that asking again is safe. An answer that is no
success is raised; what needs time is looked at until it is there. Nothing waits a fixed time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar

import httpx
from recital_identity import Role
from recital_testing.loopback import loopback_client

T = TypeVar("T")

PATIENCE = 90.0  # seconds: a killed service is back well within them
PAUSE = 0.1  # seconds between two looks, or two tries
# Nothing was decided: the service, or something it needs, does not answer now.
AGAIN = frozenset({HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS})


class RefusedError(Exception):
    """A service refused; `answer` says why in its problem document."""

    def __init__(self, answer: httpx.Response) -> None:
        """`answer` is the last one that came."""
        super().__init__(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text}")
        self.answer = answer

    @property
    def code(self) -> str:
        """The problem's stable code."""
        return str(self.answer.json().get("code"))


@dataclass(frozen=True, slots=True)
class As:
    """Who asks: a role of the tenant, or whoever holds `token`. `key` names the step, for its Idempotency-Key."""

    role: Role | None = None
    token: str | None = None
    key: str | None = None


@dataclass(slots=True)
class Asker:
    """A client of all services. `run` is unique to one journey: all its Idempotency-Keys begin with it."""

    urls: Mapping[str, str]
    token_of: Callable[[Role], str]
    run: str
    patience: float = PATIENCE
    asked_again: int = 0
    _client: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        """Open no connection yet."""
        self._client = loopback_client(timeout=30)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def get(self, service: str, path: str, who: As, **params: str) -> Any:
        """Return the JSON of a GET."""
        return (await self.ask("GET", service, path, who, params=params)).json()

    async def post(self, service: str, path: str, who: As, body: object) -> Any:
        """Return the JSON of a POST."""
        return (await self.ask("POST", service, path, who, json=body)).json()

    async def ask(
        self, method: str, service: str, path: str, who: As, *, also: Collection[int] = (), **rest: Any
    ) -> httpx.Response:
        """Ask until there is an answer, again on those of `also`; raises RefusedError on one that is no success."""
        headers = {**rest.pop("headers", {}), **({"Idempotency-Key": f"{self.run}-{who.key}"} if who.key else {})}
        deadline = asyncio.get_running_loop().time() + self.patience
        while True:
            answer = await self._once(method, f"{self.urls[service]}{path}", self._signed(headers, who), rest)
            if isinstance(answer, httpx.Response) and answer.status_code not in AGAIN | set(also):
                break
            if asyncio.get_running_loop().time() >= deadline:
                if isinstance(answer, httpx.Response):
                    break
                raise answer
            self.asked_again += 1
            await asyncio.sleep(PAUSE)
        if not answer.is_success:
            raise RefusedError(answer)
        return answer

    async def until(self, look: Callable[[], Awaitable[T | None]], what: str) -> T:
        """Return the first answer of `look` that is not None; raises TimeoutError, naming `what`, when none comes."""
        deadline = asyncio.get_running_loop().time() + self.patience
        while True:
            answer = await look()
            if answer is not None:
                return answer
            if asyncio.get_running_loop().time() >= deadline:
                raise TimeoutError(f"within {self.patience:g} s it did not happen: {what}")
            await asyncio.sleep(PAUSE)

    def _signed(self, headers: Mapping[str, str], who: As) -> dict[str, str]:
        # Made anew for each try: the clock may have been moved meanwhile.
        token = who.token or (self.token_of(who.role) if who.role else None)
        return {**headers, **({"Authorization": f"Bearer {token}"} if token else {})}

    async def _once(
        self, method: str, url: str, headers: Mapping[str, str], rest: Mapping[str, Any]
    ) -> httpx.Response | httpx.TransportError:
        try:
            return await self._client.request(method, url, headers=dict(headers), **rest)
        except httpx.TransportError as error:
            return error
