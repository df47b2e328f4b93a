"""The steps at dsar: the customer asks for everything, an officer checks who asks and decides, the package goes out."""

import io
import zipfile
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from recital_identity import Role

from demo.asking import As, Asker, RefusedError

OFFICER = Role.PRIVACY_OFFICER


@dataclass(frozen=True, slots=True)
class Asked:
    """A person's request and its dates."""

    id: UUID
    due_on: str
    withholding: str


@dataclass(frozen=True, slots=True)
class Collected:
    """The parts that the services handed in, and the code the officer hands over."""

    code: str
    parts: dict[str, int]
    """Items per service."""
    items: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Package:
    """What the person got: each file of the ZIP with its size, and its content."""

    files: dict[str, int]
    contents: dict[str, bytes]
    state: str


@dataclass(frozen=True, slots=True)
class Requesting:
    """The privacy officer, and the person who asks."""

    ask: Asker
    number: str
    """By which the person is known, E.164."""

    async def receive(self) -> Asked:
        """The officer takes the request in; from now on nothing it is about is destroyed."""
        wanted = {
            "kind": "access",
            "identifiers": [{"kind": "number", "value": self.number}],
            "channel": {"kind": "officer"},
            "language": "en",
        }
        answer = await self.ask.post("dsar", "/v1/requests", As(OFFICER, key="request"), wanted)
        request = UUID(answer["id"])
        await self.ask.until(lambda: self._withheld(request), "what is asked for is kept from erasure")
        return Asked(request, answer["due_on"], "in_force")

    async def collect(self, asked: Asked) -> Collected:
        """The officer confirms who asks, by documents that are not kept; every service hands in its part."""
        code = await self._confirm(asked.id)
        shown = await self.ask.until(lambda: self._in_state(asked.id, "review"), "all parts are collected")
        parts = {part["service"]: part["items"] for part in shown["parts"]}
        return Collected(code, parts, await self._items(asked.id))

    async def give_all(self, asked: Asked) -> dict[str, Any]:
        """The officer gives every item; the voices of others are muted unless a ground is stated (R13)."""
        path = f"/v1/requests/{asked.id}"
        who = As(OFFICER)
        decided = await self.ask.post("dsar", f"{path}/decisions", who, {"all": True, "decision": "give"})
        await self.ask.ask("POST", "dsar", f"{path}/package", who)
        await self.ask.until(lambda: self._in_state(asked.id, "ready"), "the package is made")
        items: dict[str, Any] = decided["items"]
        return items

    async def fetch(self, asked: Asked, collected: Collected) -> Package:
        """The person exchanges the code for a token and downloads the package, whole; then the request is closed."""
        token = await self._session(asked.id, collected.code)
        content = b""
        while True:
            try:
                answer = await self.ask.ask("GET", "dsar", f"/v1/requests/{asked.id}/package", As(token=token))
            except RefusedError as refused:
                # Fetched whole before, but the service ended before it could say so.
                if not content or refused.answer.status_code != HTTPStatus.GONE:
                    raise
                break
            content = answer.content
            state = await self.ask.get("dsar", f"/v1/requests/{asked.id}", As(OFFICER))
            if state["state"] == "closed":
                break
        closed = await self.ask.until(lambda: self._in_state(asked.id, "closed"), "the request is closed")
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            contents = {name: package.read(name) for name in package.namelist()}
        return Package({name: len(each) for name, each in contents.items()}, contents, closed["state"])

    async def _confirm(self, request: UUID) -> str:
        """Confirm who asks; done again it gives another code, and the one before opens nothing any more."""
        body = {"method": "documents", "outcome": "confirmed", "note": "Passport seen at the counter"}
        answer = await self.ask.post("dsar", f"/v1/requests/{request}/identity", As(OFFICER), body)
        code: str = answer["code"]
        return code

    async def _session(self, request: UUID, code: str) -> str:
        path = f"/v1/requests/{request}/session"
        try:
            answer = await self.ask.post("dsar", path, As(), {"code": code})
        except RefusedError as refused:
            # The code was taken and the answer lost: the officer hands over another.
            if refused.answer.status_code != HTTPStatus.FORBIDDEN or not self.ask.asked_again:
                raise
            answer = await self.ask.post("dsar", path, As(), {"code": await self._confirm(request)})
        token: str = answer["token"]
        return token

    async def _withheld(self, request: UUID) -> bool | None:
        shown = await self.ask.get("dsar", f"/v1/requests/{request}", As(OFFICER))
        return shown["withholding"] == "in_force" or None

    async def _in_state(self, request: UUID, state: str) -> dict[str, Any] | None:
        shown: dict[str, Any] = await self.ask.get("dsar", f"/v1/requests/{request}", As(OFFICER))
        return shown if shown["state"] == state else None

    async def _items(self, request: UUID) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = await self.ask.get("dsar", f"/v1/requests/{request}/items", As(OFFICER), limit="200", **cursor)
            items += page["items"]
            if not page.get("next_cursor"):
                return items
            cursor = {"cursor": page["next_cursor"]}
