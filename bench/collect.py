"""A collection among a million calls, beside the same one among ten thousand: the same matches, two tenants.

What surrounds the person's calls is written set-based, as the services' own rows: calls with their parties, recordings
with their subjects, holdings with theirs. What is timed is all of it, from the proof of identity to the review.
"""

import time
from typing import Any
from uuid import UUID

import asyncpg
import uvloop
from recital_identity import Role
from recital_testing import eventually
from recital_testing.house import House

from bench.callers import Exchange, exchange, opened, wav
from bench.harness import Side, report

NUMBER = "+31201234567"
MATCHES, SECONDS = 20, 10
FEW, MANY = 10_000, 1_000_000
ROUNDS, PATIENCE = 5, 120
OFFICER = Role.PRIVACY_OFFICER
# Each call of the crowd: two parties of a thousand; ids that lie in the month before now.
_IDS = (
    "create temp table crowd as select recital_id_at(recital_now() - interval '20 days' * g / $2) as call,"
    " recital_id_at(recital_now() - interval '20 days' * g / $2) as recording,"
    " ('00000000-0000-7000-8000-' || lpad(to_hex(g % 1000), 12, '0'))::uuid as one,"
    " ('00000000-0000-7000-8000-' || lpad(to_hex(1000 + g % 50), 12, '0'))::uuid as other"
    " from generate_series(1, $1::int) g"
)
ROWS = {
    "consent": (
        "insert into calls (tenant_id, id, registered_at, reference, country, guard_ms, ledger_entry, started_at)"
        " select $1, call, recital_now(), call::text, 'NL', 200, call, recital_now() from crowd",
        "insert into call_parties (tenant_id, id, label, kind, type, subject_id, registered)"
        " select $1, call, 'customer', 'customer', 'person', one, true from crowd"
        " union all select $1, call, 'agent', 'staff', 'person', other, true from crowd",
    ),
    "ingest": (
        "insert into recordings (tenant_id, id, call_id, permit_id, parties, salt, ledger_entry)"
        " select $1, recording, call, call, '[]', '', call from crowd",
        "insert into recording_subjects (tenant_id, subject_id, recording_id)"
        " select $1, one, recording from crowd union all select $1, other, recording from crowd",
    ),
    "retention": (
        "insert into holdings (tenant_id, id, kind, registered_at)"
        " select $1, recording, 'recording', recital_now() from crowd",
        "insert into holding_subjects (tenant_id, id, subject_id, kind)"
        " select $1, recording, one, 'recording' from crowd"
        " union all select $1, recording, other, 'recording' from crowd",
    ),
}


async def crowd(house: House, tenant: UUID, number: int) -> None:
    """Write so many calls of others into every service's tables, as rows that no foreign key was asked about."""
    for service, statements in ROWS.items():
        connection: asyncpg.Connection[Any] = await house.servers.postgres.connect(service)
        try:
            await connection.execute("set session_replication_role = replica; set synchronous_commit = off")
            await connection.execute(_IDS.replace("$1", str(number)).replace("$2", str(number)))
            for statement in statements:
                await connection.execute(statement.replace("$1", f"'{tenant}'::uuid"))
            await connection.execute("analyze")
        finally:
            await connection.close()


async def matches(place: Exchange) -> None:
    """Record the person's own calls."""
    ingest, body = place.tenant.client("ingest", Role.INTEGRATOR), wav(SECONDS)
    for permit in await place.permits(MATCHES, SECONDS):
        headers = {"Recital-Permit": permit, "Content-Type": "audio/wav"}
        (await ingest.post("/v1/recordings", content=body, headers=headers)).raise_for_status()


async def collected(place: Exchange) -> tuple[float, int]:
    """Have one request collected; return the seconds from the proof of identity to the review, and the items found."""
    dsar = place.tenant.client("dsar", OFFICER)
    wanted = {"kind": "access", "identifiers": [{"kind": "number", "value": NUMBER}], "channel": {"kind": "officer"}}
    request = (await dsar.post("/v1/requests", json=wanted)).raise_for_status().json()["id"]
    path = f"/v1/requests/{request}"

    async def shows(name: str, value: str) -> dict[str, Any] | None:
        shown: dict[str, Any] = (await dsar.get(path)).raise_for_status().json()
        return shown if shown[name] == value else None

    await eventually(lambda: shows("withholding", "in_force"), within=PATIENCE)
    check = {"method": "documents", "outcome": "confirmed", "note": "Seen."}
    started = time.perf_counter()
    (await dsar.post(f"{path}/identity", json=check)).raise_for_status()
    shown = await eventually(lambda: shows("state", "review"), within=PATIENCE)
    spent = time.perf_counter() - started
    (await dsar.post(f"{path}/refusal", json={"ground": "withdrawn"})).raise_for_status()
    return spent, int(shown["items"]["total"])


async def main() -> None:
    """Start the house with two tenants of different size, measure both in turn, stop."""
    async with exchange() as few:
        many = await opened(few.house)
        for place, number in ((few, FEW), (many, MANY)):
            await matches(place)
            await crowd(few.house, place.tenant.id, number)
        sides = Side("path"), Side("limit")
        for number in range(ROUNDS + 1):
            found: set[int] = set()
            for side, place in zip(sides, (many, few), strict=True):
                spent, items = await collected(place)
                found.add(items)
                if number:  # the first of each is not counted
                    side.rates.append(1 / spent)
            assert len(found) == 1, "not the same matches"
        slowdown = round(sides[1].median / sides[0].median, 3)
        more = {"slowdown": slowdown, "items": found.pop(), "calls": MANY, "of": FEW, "matches": MATCHES}
        report("collect", *sides, "collections/s", more)


if __name__ == "__main__":
    uvloop.run(main())
