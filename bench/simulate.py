"""Hypothetical calls judged, beside a bare FastAPI route that answers a constant to the same requests."""

import uvloop

from bench.bare import Bare, prepare
from bench.callers import Exchange, cpu_seconds, exchange
from bench.harness import alternate, report
from bench.posting import Posting
from bench.talking import thought

REQUESTS = 800
ROUNDS = 7


async def measure(ground: Exchange) -> None:
    """Run both sides in turn and report."""
    house = ground.house
    bare = Bare(await prepare(house.servers.postgres))
    body = thought((await house.read_clock()).replace(microsecond=0))
    simulated = Posting(f"{house.urls['consent']}/v1/decisions/simulate", token=ground.token)
    constant = Posting(f"{bare.url}/constant", token=ground.token)
    pid = house.service("consent").process.pid or 0
    computed: list[float] = []

    async def path() -> float:
        before = cpu_seconds(pid)
        rate = await simulated.rate([body] * REQUESTS)
        computed.append((cpu_seconds(pid) - before) / REQUESTS)
        return rate

    async def limit() -> float:
        return await constant.rate([body] * REQUESTS)

    sides = await alternate(path, limit, rounds=ROUNDS)
    report("simulate", *sides, "decisions/s", {"cpu_ms_per_decision": round(min(computed) * 1000, 2)})
    bare.close()


async def main() -> None:
    """Start the house, measure, stop it."""
    async with exchange() as ground:
        await measure(ground)


if __name__ == "__main__":
    uvloop.run(main())
