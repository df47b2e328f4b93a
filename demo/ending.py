"""The steps at retention: time passes, everything that is due is destroyed, and each destruction is certified."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_identity import KeySet, Role, TokenKind, read

from demo.asking import As, Asker
from demo.calling import Call
from demo.hearing import Recording

OFFICER = Role.PRIVACY_OFFICER
# A day more than the retention: its end is counted in the tenant's local time, so summer time may add an hour.
UNTIL_DUE = "P6M1D"
# Of each request: consent, ingest and retention hand in a part.
PARTS = 3
# What outlives the recording: the closed request's file (two years), and the staff, who still work there.
KINDS_ENDED = ("recording", "call", "package", "collection", "identity")


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate whose signature was checked: its claims, and the ledger entry that it is in."""

    id: UUID
    claims: dict[str, Any]
    ledger_entry: UUID

    @property
    def places(self) -> list[dict[str, Any]]:
        """Each place with how it was found empty, and when."""
        return list(self.claims["places"])


@dataclass(frozen=True, slots=True)
class Ending:
    """The privacy officer who watches the register, and the clock."""

    ask: Asker
    advance: Callable[[str], Awaitable[datetime]]
    """Moves Recital's time ahead by an ISO 8601 duration and tells the new time; for local use only."""
    time: Callable[[], Awaitable[datetime]]

    async def due_at(self, recording: Recording) -> datetime:
        """Return when the recording's last clock ends."""
        answer = await self.ask.get("retention", f"/v1/recordings/{recording.id}/clocks", As(OFFICER))
        return max(datetime.fromisoformat(clock["due_at"]) for clock in answer["clocks"])

    async def pass_time(self, due_at: datetime) -> datetime:
        """Move the clock past the retention; done again it moves nothing.

        What has ended already (the collected parts, with their request) is certified first: an erasure that is open
        when half a year passes at once would rightly be called late.
        """
        await self.ask.until(self._none_open, "the collected parts are certified as erased")
        now = await self.time()
        return now if now > due_at else await self.advance(UNTIL_DUE)

    async def certified(self, recording: Recording, call: Call) -> dict[str, Certificate]:
        """Wait until recording, call, the customer's identity and all copies are certified; return each certificate."""
        await self.ask.until(lambda: self._erased(recording.id), "the recording's erasure is certified")
        await self.ask.until(lambda: self._erased(call.id), "the call record's erasure is certified")
        await self.ask.until(lambda: self._erased(recording.customer), "the identity's erasure is certified")
        await self.ask.until(self._copies_ended, "the package and the collected parts are certified as erased")
        ended = [each for each in await self.holdings() if each["certificate"] and each["kind"] in KINDS_ENDED]
        keys = KeySet.from_jwks(await self.ask.get("retention", "/.well-known/jwks.json", As()), "certificate")
        return {
            f"{each['kind']} {each['id']}": await self._certificate(UUID(each["certificate"]), keys) for each in ended
        }

    async def holdings(self) -> Sequence[dict[str, Any]]:
        """Return all holdings of the register."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = await self.ask.get("retention", "/v1/holdings", As(OFFICER), limit="500", **cursor)
            found += page["items"]
            if not page.get("next_cursor"):
                return found
            cursor = {"cursor": page["next_cursor"]}

    async def _certificate(self, certificate: UUID, keys: KeySet) -> Certificate:
        answer = await self.ask.get("retention", f"/v1/certificates/{certificate}", As(OFFICER))
        claims = read(TokenKind.CERTIFICATE, answer["certificate"], keys)
        return Certificate(certificate, claims, UUID(answer["ledger_entry"]))

    async def _none_open(self) -> bool | None:
        return not (await self.ask.get("retention", "/v1/orders", As(OFFICER)))["items"] or None

    async def _erased(self, holding: UUID) -> bool | None:
        answer = await self.ask.get("retention", f"/v1/holdings/{holding}", As(OFFICER))
        return answer["certificate"] is not None or None

    async def _copies_ended(self) -> bool | None:
        """Whether of each request the package and a part of each service are in the register, and certified."""
        holdings = await self.holdings()
        kinds = Counter(each["kind"] for each in holdings)
        announced = kinds["package"] == kinds["request"] and kinds["collection"] == PARTS * kinds["request"]
        copies = [each for each in holdings if each["kind"] in {"package", "collection"}]
        return (announced and all(each["certificate"] for each in copies)) or None
