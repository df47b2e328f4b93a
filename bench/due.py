"""Finding what is due, with few and with many recordings in the register and the same number due.

Times are compared, not rates: `ratio` is a million recordings over ten thousand, and one would be the best. Beside it
what a row of the schedule takes on disk, its indexes included. RECITAL_BENCH_LARGE=1 adds ten million (minutes more).
"""

import os
import time
from dataclasses import dataclass
from uuid import UUID

import uvloop
from recital_database import Database
from recital_retention.store import schedule

from bench.harness import Ground, alternate, ground, memory_mib, report

DUE = 1_000
FEW, MANY, LARGE = 10_000, 1_000_000, 10_000_000
ROUNDS = 9
LOOKS = 5  # looks in one round
TENANT = UUID(int=0xA)
# Ids are in order of time, as every service makes them; what is due lies anywhere between them. The index by time is
# made after the rows, as for any large load: row by row it would be most of the work.
FILL = """
    drop index schedule_due;
    insert into holdings (tenant_id, id, kind, registered_at)
    select '{tenant}', uuidv7(), 'recording', recital_now() from generate_series(1, {rows});
    insert into schedule (tenant_id, id, due_at)
    select '{tenant}', id, recital_now() + case when row_number() over () % {step} = 0 then interval '-1 hour'
        else interval '1 day' + random() * interval '180 days' end
    from holdings;
    create index schedule_due on schedule (tenant_id, due_at)
"""


@dataclass(slots=True)
class Register:
    """A register of one tenant with so many recordings, of which DUE are due."""

    database: Database
    bytes_per_row: float

    @classmethod
    async def of(cls, place: Ground, rows: int) -> "Register":
        """Fill a fresh database."""
        settings = await place.databases.copy("retention")
        admin = await place.postgres.connect(settings.name)
        try:
            await admin.execute(
                f"insert into tenants (tenant_id, id, country, time_zone, opened_at, key_id) values"  # noqa: S608 - constants
                f" ('{TENANT}', '{TENANT}', 'NL', 'Europe/Amsterdam', recital_now(), '{TENANT}')"
            )
            # Room for the whole load between two checkpoints.
            await admin.execute("alter system set max_wal_size = '16GB'")
            await admin.execute("select pg_reload_conf()")
            await admin.execute(FILL.format(rows=rows, tenant=TENANT, step=rows // DUE), timeout=3600)
            await admin.execute("vacuum (analyze) holdings, schedule", timeout=3600)
            size = await admin.fetchval("select pg_total_relation_size('schedule')")
        finally:
            await admin.close()
        return cls(await Database.open(settings), size / rows)

    async def look(self) -> float:
        """Find everything that is due, as the schedule does, and return the milliseconds that one look took."""
        started = time.perf_counter()
        for _ in range(LOOKS):
            async with self.database.work() as tx:
                tenants = await schedule.tenants_with_due(tx)
            async with self.database.transaction(tenants[0]) as tx:
                found = await schedule.take_due(tx, DUE)
            if len(found) != DUE:
                raise RuntimeError(f"{len(found)} were found")
        return (time.perf_counter() - started) * 1000 / LOOKS


async def measure(place: Ground) -> None:
    """Run both sides in turn and report."""
    few, many = await Register.of(place, FEW), await Register.of(place, MANY)
    sides = await alternate(many.look, few.look, rounds=ROUNDS)
    more: dict[str, float] = {
        "due": DUE,
        "rows": MANY,
        "limit_rows": FEW,
        "schedule_bytes_per_row": round(many.bytes_per_row),
        "memory_mib": round(memory_mib()),
    }
    if os.environ.get("RECITAL_BENCH_LARGE"):
        large = await Register.of(place, LARGE)
        beside, _ = await alternate(large.look, few.look, rounds=ROUNDS)
        more |= {"large_rows": LARGE, "large_ms": round(beside.median, 2)}
        await large.database.close()
    report("due", *sides, "ms", more)
    await few.database.close()
    await many.database.close()


async def main() -> None:
    """Start the servers, measure, stop them."""
    async with ground() as place:
        await measure(place)


if __name__ == "__main__":
    uvloop.run(main())
