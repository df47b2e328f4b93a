"""The steps at consent: a purpose with its ground, the people, the call, what happened in it, and the permit."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from recital_identity import Role

from demo.asking import As, Asker
from demo.dialogue import NOTICE, Times

RETENTION = "P6M"
NOTICES = {
    "nl": "Welkom. Wij nemen dit gesprek op om te kunnen aantonen wat u bestelt of wijzigt. "
    "Wij bewaren de opname zes maanden. U kunt de opname opvragen of bezwaar maken.",
    "en": "Welcome. We record this call so that we can show what you order or change. "
    "We keep the recording for six months. You can ask us for it, or object.",
}
ADMIN, INTEGRATOR = Role.TENANT_ADMIN, Role.INTEGRATOR
CUSTOMER, STAFF = "customer", "staff"
PURPOSE: dict[str, Any] = {
    "key": "order_evidence",
    "title": "Evidence of what was ordered",
    "basis": {"kind": "contract", "document": "General terms 2026, article 4"},
    "notices": NOTICES,
    "retention": RETENTION,
    "roles": [Role.CASE_HANDLER.value],
    "hold_suppressed": True,
    "staff_safeguards": {"works_council": {"kind": "none_fewer_than_50"}},
}


@dataclass(frozen=True, slots=True)
class Purpose:
    """A published purpose."""

    id: UUID
    key: str
    version: int
    in_force_from: datetime


@dataclass(frozen=True, slots=True)
class People:
    """The source that calls come from, and the member of staff who was told."""

    source: UUID
    staff_id: str


@dataclass(frozen=True, slots=True)
class Call:
    """A registered call and what may be recorded of it now."""

    id: UUID
    decision: dict[str, Any]
    notice: dict[str, Any] | None = None

    @property
    def may_record(self) -> bool:
        """Whether recording may run now."""
        return bool(self.decision["may_record"])

    @property
    def reasons(self) -> list[dict[str, Any]]:
        """Why not."""
        return list(self.decision["reasons"])


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to bring in one call's audio."""

    id: UUID
    token: str
    final: bool
    expires_at: datetime
    spans: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Calling:
    """Whoever rules and calls at the tenant: its admin, and the telephone exchange (integrator)."""

    ask: Asker
    number: str
    """The customer's, E.164."""

    async def open_tenant(self, name: str) -> UUID:
        """The operator opens a tenant."""
        wanted = {
            "name": name,
            "country": "NL",
            "time_zone": "Europe/Amsterdam",
            "languages": ["nl", "en"],
            "number_region": "NL",
        }
        answer = await self.ask.post("consent", "/v1/tenants", As(Role.OPERATOR, key="tenant"), wanted)
        return UUID(answer["id"])

    async def publish_purpose(self) -> Purpose:
        """The tenant says why it records, on what ground, what it tells people, how long it keeps, who may listen."""
        answer = await self.ask.post("consent", "/v1/purposes", As(ADMIN, key="purpose"), PURPOSE)
        in_force_from = datetime.fromisoformat(answer["in_force_from"])
        return Purpose(UUID(answer["id"]), answer["key"], answer["version"], in_force_from)

    async def register_people(self, purpose: Purpose) -> People:
        """The tenant registers where calls come from, and that its member of staff was told beforehand (R20)."""
        staff_id = f"agent-{self.ask.run}"
        trunk = {"kind": "trunk", "name": f"Main line {self.ask.run}"}
        source = await self.ask.post("consent", "/v1/sources", As(ADMIN, key="source"), trunk)
        person = {"staff_id": staff_id, "name": "Employee", "bot": False}
        await self.ask.post("consent", "/v1/staff", As(ADMIN, key="staff"), person)
        told = {
            "staff_ids": [staff_id],
            "purpose": purpose.key,
            "version": purpose.version,
            "notified_at": purpose.in_force_from.isoformat(),
        }
        await self.ask.post("consent", "/v1/staff/notices", As(ADMIN, key="staff-notice"), told)
        return People(UUID(source["id"]), staff_id)

    async def register_call(self, purpose: Purpose, people: People) -> Call:
        """The exchange registers the call while the telephone rings, and hears whether it may record."""
        wanted = {
            "external_id": f"exchange-{self.ask.run}",
            "source": str(people.source),
            "direction": "inbound",
            "language": "en",
            "purposes": [purpose.key],
            "parties": [
                {"party": CUSTOMER, "kind": "customer", "type": "person", "number": self.number},
                {"party": STAFF, "kind": "staff", "type": "person", "staff_id": people.staff_id},
            ],
        }
        answer = await self.ask.post("consent", "/v1/calls", As(INTEGRATOR, key="call"), wanted)
        decision = answer["decision"]
        return Call(UUID(answer["id"]), decision, next(iter(decision["notices"]), None))

    async def answer(self, call: Call, purpose: Purpose, times: Times) -> Call:
        """The call is answered and the notice is played to its end (R03, R04)."""
        entries: list[dict[str, Any]] = [
            {"id": "answered", "kind": "answered", "at": times.answered_at.isoformat()},
            {
                "id": "notice",
                "kind": "notice_played",
                "party": CUSTOMER,
                "purposes": [purpose.key],
                "language": "en",
                "started_at": times.at(NOTICE[0]).isoformat(),
                "at": times.at(NOTICE[1]).isoformat(),
                "completed": True,
            },
        ]
        return await self._log(call, entries, "answered")

    async def end(self, call: Call, times: Times) -> Call:
        """The call ends."""
        return await self._log(call, [{"id": "ended", "kind": "ended", "at": times.ended_at.isoformat()}], "ended")

    async def permit(self, call: Call, times: Times) -> Permit:
        """The exchange asks leave to send the audio: when its recorder ran, and whose voice is on which channel."""
        starts_at, ends_at = times.recorder
        wanted = {
            "audio_started_at": starts_at.isoformat(),
            "audio_ended_at": ends_at.isoformat(),
            "channels": [{"channel": 0, "party": CUSTOMER}, {"channel": 1, "party": STAFF}],
        }
        answer = await self.ask.post("consent", f"/v1/calls/{call.id}/permit", As(INTEGRATOR, key="permit"), wanted)
        return Permit(
            UUID(answer["id"]),
            answer["permit"],
            answer["final"],
            datetime.fromisoformat(answer["expires_at"]),
            answer["spans"],
        )

    async def now(self) -> datetime:
        """Recital's time, as consent tells it."""
        answer = await self.ask.until(self._time, "consent tells the time")
        return datetime.fromisoformat(answer)

    async def _time(self) -> str | None:
        now: str | None = (await self.ask.get("consent", "/livez", As()))["now"]
        return now

    async def _log(self, call: Call, entries: list[dict[str, Any]], key: str) -> Call:
        path = f"/v1/calls/{call.id}/timeline"
        answer = await self.ask.post("consent", path, As(INTEGRATOR, key=key), {"entries": entries})
        return Call(call.id, answer["decision"])


def times_after(registered_at: datetime, length: timedelta) -> Times:
    """Return a call's times when it is answered two seconds after it was registered."""
    return Times(registered_at + timedelta(seconds=2), length)
