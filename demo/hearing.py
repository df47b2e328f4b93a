"""The steps at ingest: the audio comes in under its permit, and is heard under a grant or not at all."""

import base64
import hashlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

import httpx
from recital_identity import Role

from demo.asking import As, Asker, RefusedError
from demo.calling import CUSTOMER, Permit, Purpose
from demo.dialogue import Dialogue

LISTENER = Role.CASE_HANDLER
# What ingest has not heard of yet: the purpose's roles and the recording's clock come to it by themselves.
NOT_KNOWN_YET = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


@dataclass(frozen=True, slots=True)
class Recording:
    """What ingest answered to the audio."""

    id: UUID
    received_sha256: str
    size: int
    tracks: list[dict[str, Any]]
    masks: list[Any]
    ledger_entry: UUID
    customer: UUID
    """The id by which the customer's identity is known outside consent."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was played under a grant."""

    grant: UUID
    size: int
    sha256: str
    same: bool
    """Bit for bit what was sent."""


@dataclass(frozen=True, slots=True)
class Silenced:
    """How ingest answers once a recording was erased: each way to reach it, and the status."""

    answers: dict[str, int]


@dataclass(frozen=True, slots=True)
class Hearing:
    """The telephone exchange that sends, and the case handler who listens."""

    ask: Asker

    async def send(self, permit: Permit, dialogue: Dialogue) -> Recording:
        """Stream the WAV in; sent again under the same permit and key it is the same recording."""
        digest = base64.b64encode(hashlib.sha256(dialogue.wav).digest()).decode()
        headers = {
            "Recital-Permit": permit.token,
            "Content-Type": "audio/wav",
            "Content-Digest": f"sha-256=:{digest}:",
        }
        answer = await self.ask.ask(
            "POST", "ingest", "/v1/recordings", As(Role.INTEGRATOR, key="audio"), headers=headers, content=dialogue.wav
        )
        said = answer.json()
        return Recording(
            UUID(said["id"]),
            said["received_sha256"],
            said["size"],
            said["tracks"],
            said["masks"],
            UUID(said["ledger_entry"]),
            next(UUID(each["subject"]) for each in said["parties"] if each["party"] == CUSTOMER),
        )

    async def listen(self, recording: Recording, purpose: Purpose, dialogue: Dialogue) -> Heard:
        """Ask leave for a purpose and a reason, then play: first the log, then the sound (R10)."""
        path = f"/v1/recordings/{recording.id}"
        await self._clock_runs(recording)
        wanted = {"purpose": purpose.key, "reason": "The customer says six chairs were ordered", "ticket": "T-1"}
        answer = await self.ask.ask("POST", "ingest", f"{path}/grants", As(LISTENER), also=NOT_KNOWN_YET, json=wanted)
        grant = UUID(answer.json()["id"])
        played = await self.play(recording.id, grant)
        return Heard(
            grant, len(played.content), hashlib.sha256(played.content).hexdigest(), played.content == dialogue.wav
        )

    async def play(self, recording: UUID, grant: UUID) -> httpx.Response:
        """Play a recording under a grant."""
        path = f"/v1/recordings/{recording}/audio"
        return await self.ask.ask("GET", "ingest", path, As(LISTENER), params={"grant": str(grant)})

    async def try_again(self, recording: Recording, heard: Heard, purpose: Purpose) -> Silenced:
        """Try every way to reach a recording that was erased."""
        path = f"/v1/recordings/{recording.id}"
        wanted = {"purpose": purpose.key, "reason": "Once more"}
        answers = {
            "playing with the old grant": await self._status(
                "GET", f"{path}/audio", params={"grant": str(heard.grant)}
            ),
            "asking for a new grant": await self._status("POST", f"{path}/grants", json=wanted),
            "reading what it was": await self._status("GET", path),
        }
        return Silenced(answers)

    async def _status(self, method: str, path: str, **rest: Any) -> int:
        try:
            answer = await self.ask.ask(method, "ingest", path, As(LISTENER), **rest)
        except RefusedError as refused:
            return refused.answer.status_code
        return answer.status_code

    async def _clock_runs(self, recording: Recording) -> None:
        """Wait until retention keeps the recording's clock: nobody may listen before."""
        path = f"/v1/recordings/{recording.id}/clocks"
        await self.ask.ask("GET", "retention", path, As(LISTENER), also={HTTPStatus.NOT_FOUND})
