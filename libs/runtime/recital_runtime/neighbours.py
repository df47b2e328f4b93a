"""The other services over HTTP: short timeouts, the trace carried along, no answer is Unavailable.

Their public keys are fetched from `/.well-known/jwks.json` when a token names one that is not known yet.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from recital_database import Clock, traceparent
from recital_errors import Unauthenticated, Unavailable
from recital_identity import KeySet, SigningKey, TokenKind, issue_service, key_id_of

# Under which use a kind of token's keys are published.
USES = {
    TokenKind.ORDER: "order",
    TokenKind.SERVICE: "service",
    TokenKind.PERMIT: "permit",
    TokenKind.CERTIFICATE: "certificate",
}
TIMEOUT = 2.0
# An unknown key id asks the publisher again at most this often (seconds).
REFETCH_AFTER = 5.0


class Neighbour:
    """One other service."""

    def __init__(self, name: str, client: httpx.AsyncClient) -> None:
        """`client` knows the address."""
        self.name, self._client = name, client

    async def get(
        self, path: str, *, token: str | None = None, within: float = TIMEOUT, **params: str
    ) -> httpx.Response:
        """GET; raises Unavailable where there is no answer in time or a 5xx. Other statuses are the caller's."""
        return await self._ask("GET", path, token=token, within=within, params=params)

    async def post(
        self, path: str, *, token: str | None = None, json: object, key: str | None = None, within: float = TIMEOUT
    ) -> httpx.Response:
        """POST a JSON body, with an Idempotency-Key where one is given; raises as `get`."""
        more = {"Idempotency-Key": key} if key else {}
        return await self._ask("POST", path, token=token, within=within, json=json, headers=more)

    @asynccontextmanager
    async def stream(self, path: str, *, token: str, within: float = 30.0) -> AsyncIterator[httpx.Response]:
        """GET whose body is read as it comes; raises as `get`, also when the answer breaks off."""
        try:
            async with self._client.stream("GET", path, headers=_headers(token), timeout=within) as answer:
                self._judge(answer)
                yield answer
        except httpx.HTTPError as error:
            raise self._silent() from error

    async def _ask(self, method: str, path: str, *, token: str | None, within: float, **rest: Any) -> httpx.Response:
        headers = {**_headers(token), **rest.pop("headers", {})}
        try:
            answer = await self._client.request(method, path, headers=headers, timeout=within, **rest)
        except httpx.HTTPError as error:
            raise self._silent() from error
        self._judge(answer)
        return answer

    def _judge(self, answer: httpx.Response) -> None:
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise self._silent()

    def _silent(self) -> Unavailable:
        return Unavailable(f"{self.name}_unavailable", f"The {self.name} service does not answer.", retry_after=1)


class Neighbours:
    """All other services by name, and their public keys."""

    def __init__(self, service: str, urls: Mapping[str, str], clock: Clock, key: "SigningKeySource") -> None:
        """`key` gives this service's own key for service tokens when it is needed."""
        self._service, self._clock, self._key = service, clock, key
        # Read once for all clients: reading the authorities takes 30 ms.
        trust = httpx.create_ssl_context()
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=16)
        self._clients = {
            name: httpx.AsyncClient(base_url=url, verify=trust, limits=limits)
            for name, url in urls.items()
            if name != service
        }
        self._published: dict[str, dict[str, Any]] = {}
        self._fetched: dict[str, float] = {}

    def __getitem__(self, name: str) -> Neighbour:
        """Return a neighbour; KeyError for a name that is none."""
        return Neighbour(name, self._clients[name])

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            await client.aclose()

    def service_token(self, audience: str) -> str:
        """Return a fresh token with which this service calls an internal route of another (60 seconds)."""
        return issue_service(self._service, self._key(), audience=audience, now=self._clock.now())

    async def keys(self, name: str, *, use: TokenKind, token: str) -> KeySet:
        """Return a neighbour's public keys of one kind, fetched again when the token names one that is not among them.

        Raises Unauthenticated for a name that is no neighbour, Unavailable where it does not answer.
        """
        if name not in self._clients:
            raise Unauthenticated("token_wrong_issuer", "No service of this name signs tokens here.")
        known = self._of(name, use)
        wanted = key_id_of(token)
        now = self._clock.now().timestamp()
        if wanted is None or wanted in known or now - self._fetched.get(name, 0.0) < REFETCH_AFTER:
            return known
        answer = await self[name].get("/.well-known/jwks.json")
        self._published[name], self._fetched[name] = answer.json(), now
        return self._of(name, use)

    def _of(self, name: str, use: TokenKind) -> KeySet:
        published = self._published.get(name)
        return KeySet.from_jwks(published, USES[use]) if published else KeySet({})


class SigningKeySource:
    """Gives one signing key when it is needed, so that a service without that use need not have it."""

    def __init__(self, keys: Mapping[str, SigningKey] | Any, use: str) -> None:
        """`keys` is indexed by use."""
        self._keys, self._use = keys, use

    def __call__(self) -> SigningKey:
        """Return the key."""
        key: SigningKey = self._keys[self._use]
        return key


def _headers(token: str | None) -> dict[str, str]:
    trace = traceparent.get()
    return {**({"Authorization": f"Bearer {token}"} if token else {}), **({"traceparent": trace} if trace else {})}
