"""Calls registered with their notice and their permit in one round trip, beside a bare FastAPI route that commits as
often on the same PostgreSQL. Customers call again: a first call also makes a key, in a database of its own.

Beside it: how long the rulebook takes for a timeline of 50 entries, in this process.
"""

import os
import time
from itertools import count

import uvloop

from bench.bare import Bare, prepare
from bench.callers import Exchange, cpu_seconds, exchange
from bench.harness import alternate, report
from bench.posting import Posting
from bench.rulebook import milliseconds_for
from bench.talking import registration

CALLS = 400
CUSTOMERS = 40
ROUNDS = 7


async def measure(ground: Exchange) -> None:
    """Run both sides in turn and report."""
    house = ground.house
    bare = Bare(await prepare(house.servers.postgres))
    registered = Posting(f"{house.urls['consent']}/v1/calls", token=ground.token)
    committed = Posting(f"{bare.url}/commit", token=ground.token)
    now = (await house.read_clock()).replace(microsecond=0)
    numbers = count()
    pid = house.service("consent").process.pid or 0
    computed: list[float] = []

    def bodies() -> list[dict[str, object]]:
        made = []
        for _ in range(CALLS):
            number = next(numbers)
            caller = f"+312012345{number % CUSTOMERS:02}"
            made.append(registration(f"told-{os.getpid()}-{number}", ground.source, now, caller))
        return made

    async def path() -> float:
        said = bodies()
        before = cpu_seconds(pid)
        started = time.perf_counter()
        await registered.rate(said)
        computed.append((cpu_seconds(pid) - before) / CALLS)
        return CALLS / (time.perf_counter() - started)

    async def limit() -> float:
        return await committed.rate(bodies())

    sides = await alternate(path, limit, rounds=ROUNDS)
    more = {
        "cpu_ms_per_call": round(min(computed) * 1000, 2),
        "rulebook_ms_for_50_entries": milliseconds_for(50),
    }
    report("register", *sides, "calls/s", more)
    bare.close()


async def main() -> None:
    """Start the house, measure, stop it."""
    async with exchange() as ground:
        await measure(ground)


if __name__ == "__main__":
    uvloop.run(main())
