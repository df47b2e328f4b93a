"""The main job in its steps, in order. A companion goes along: one who tells, or a test that kills services.

Every step may be begun again: nothing happens twice. A step returns what later ones need.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

from recital_identity import Role
from recital_testing.house import House

from demo.asking import PATIENCE, Asker
from demo.calling import Call, Calling, People, Permit, Purpose, times_after
from demo.checking import Checking, Proved
from demo.dialogue import Dialogue, Times
from demo.ending import Certificate, Ending
from demo.hearing import Heard, Hearing, Recording, Silenced
from demo.requesting import Asked, Collected, Package, Requesting

T = TypeVar("T")
STEPS = (
    "tenant", "purpose", "people", "call", "answer", "end", "permit", "audio", "listen", "heads",
    "request", "collect", "give", "fetch", "time", "certificates", "silence", "ledgers", "rest",
)  # fmt: skip
# The call takes a minute, which the clock is moved by instead of waiting for it.
CALL_TAKES = "PT1M"


class Companion(Protocol):
    """Who goes along: told of each step, and does it by calling `act`."""

    async def __call__(self, step: str, act: Callable[[], Awaitable[T]], /) -> T:
        """Do one step of STEPS."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that the journey found, in the order it happened."""

    tenant: UUID
    purpose: Purpose
    people: People
    times: Times
    call: Call
    denied: list[dict[str, Any]]
    allowed: bool
    permit: Permit
    recording: Recording
    heard: Heard
    collected: Collected
    package: Package
    certificates: dict[str, Certificate]
    silenced: Silenced
    proved: list[Proved]
    rest: dict[str, int]


@dataclass(frozen=True, slots=True)
class Spoken:
    """The stretch from the registered call to the recording that was heard."""

    call: Call
    denied: list[dict[str, Any]]
    allowed: bool
    times: Times
    permit: Permit
    recording: Recording
    heard: Heard


class Journey:
    """One journey through a running house. `run` is in everything it names; `tenant` may be open already."""

    def __init__(self, house: House, run: str, *, tenant: UUID | None = None, patience: float = PATIENCE) -> None:
        """Nothing is asked yet. `house` is asked for tokens and for its clock only; all else goes over HTTP."""
        self.house, self.run, self.tenant = house, run, tenant
        self.dialogue = Dialogue.read()
        self.ask = Asker(house.urls, self._token, run, patience)
        self.number = number_of(run)
        self.calling = Calling(self.ask, self.number)
        self.hearing = Hearing(self.ask)
        self.requesting = Requesting(self.ask, self.number)
        self.ending = Ending(self.ask, house.advance_clock, house.read_clock)

    async def walk(self, along: Companion) -> Outcome:
        """Walk it all."""
        await self.house.read_clock()
        tenant = await along("tenant", self._open_tenant)
        purpose = await along("purpose", self.calling.publish_purpose)
        people = await along("people", lambda: self.calling.register_people(purpose))
        spoken = await self._speak(along, purpose, people)
        checking = Checking(self.ask, tenant)
        seen = await along("heads", checking.heads)
        collected, package = await self._request(along)
        certificates = await self._end(along, spoken.recording, spoken.call)
        silenced = await along("silence", lambda: self.hearing.try_again(spoken.recording, spoken.heard, purpose))
        entries = {
            "ingest": [spoken.recording.ledger_entry],
            "retention": [each.ledger_entry for each in certificates.values()],
        }
        proved = await along("ledgers", lambda: checking.prove(seen, entries))
        rest = await along("rest", self._rest)
        return Outcome(
            tenant=tenant,
            purpose=purpose,
            people=people,
            times=spoken.times,
            call=spoken.call,
            denied=spoken.denied,
            allowed=spoken.allowed,
            permit=spoken.permit,
            recording=spoken.recording,
            heard=spoken.heard,
            collected=collected,
            package=package,
            certificates=certificates,
            silenced=silenced,
            proved=proved,
            rest=rest,
        )

    async def _speak(self, along: Companion, purpose: Purpose, people: People) -> Spoken:
        """From the call that may not be recorded yet to its recording, heard by one who may."""
        registered = await along("call", lambda: self.calling.register_call(purpose, people))
        times = times_after(await self.calling.now(), self.dialogue.length)
        answered = await along("answer", lambda: self._answer(registered, purpose, times))
        ended = await along("end", lambda: self.calling.end(registered, times))
        permit = await along("permit", lambda: self.calling.permit(ended, times))
        recording = await along("audio", lambda: self.hearing.send(permit, self.dialogue))
        heard = await along("listen", lambda: self.hearing.listen(recording, purpose, self.dialogue))
        return Spoken(ended, registered.reasons, answered.may_record, times, permit, recording, heard)

    async def _answer(self, call: Call, purpose: Purpose, times: Times) -> Call:
        """The minute of the call passes at once; then the exchange tells what happened in it."""
        if await self.house.read_clock() < times.ended_at:
            await self.house.advance_clock(CALL_TAKES)
        return await self.calling.answer(call, purpose, times)

    async def _request(self, along: Companion) -> tuple[Collected, Package]:
        asked: Asked = await along("request", self.requesting.receive)
        collected = await along("collect", lambda: self.requesting.collect(asked))
        await along("give", lambda: self.requesting.give_all(asked))
        return collected, await along("fetch", lambda: self.requesting.fetch(asked, collected))

    async def _end(self, along: Companion, recording: Recording, call: Call) -> dict[str, Certificate]:
        due_at: datetime = await self.ending.due_at(recording)
        await along("time", lambda: self.ending.pass_time(due_at))
        return await along("certificates", lambda: self.ending.certified(recording, call))

    async def _open_tenant(self) -> UUID:
        if self.tenant is None:
            self.tenant = await self.calling.open_tenant(f"Example {self.run}")
        return self.tenant

    async def _rest(self) -> dict[str, int]:
        """Count what the register still holds, by kind: what outlives the recording by its own clock."""
        left: dict[str, int] = {}
        for each in await self.ending.holdings():
            if each["certificate"] is None:
                left[each["kind"]] = left.get(each["kind"], 0) + 1
        return left

    def _token(self, role: Role) -> str:
        now = self.house.clock.now()
        if role is Role.OPERATOR or self.tenant is None:
            return self.house.tokens.operator(now)
        return self.house.tokens.of(self.tenant, role, now)


async def alone(_step: str, act: Callable[[], Awaitable[T]]) -> T:
    """Walk without company."""
    return await act()


def number_of(run: str) -> str:
    """Return a Dutch mobile number of this run's customer, so that no run finds another's calls."""
    digits = int.from_bytes(hashlib.sha256(run.encode()).digest()[:4], "big") % 10_000_000
    return f"+3161{digits:07d}"
