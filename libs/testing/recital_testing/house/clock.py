"""Moving Recital's time ahead, for local use: in every service's database alike, as its owner, and never back.

The running services follow by themselves: each reads its database's time every second and wakes what goes by time.
"""

from datetime import datetime, timedelta
from functools import partial

import asyncpg

from recital_testing.failures import HouseError
from recital_testing.house.environment import Places
from recital_testing.servers.postgres import Postgres
from recital_testing.services import SERVICES
from recital_testing.waiting import eventually

# A duration of months is made exact once, so that every database moves by the same number of seconds.
_EXACT = "select extract(epoch from recital_now() + $1::text::interval - recital_now())::float8"
_ADVANCE = "select recital_advance_clock(make_interval(secs => $1))"
_GROWING = "select unnest(recital_partitioned())"
_GROW = "select recital_grow_partitions($1, make_interval(secs => $2))"
# Sooner than PostgreSQL looks for deadlocks (1 s), so that never a service's transaction is ended for ours.
_GIVE_WAY = "set local lock_timeout = '200ms'"
_NOW = "select recital_now()"


async def advance(places: Places, postgres: Postgres, duration: str) -> datetime:
    """Move time ahead by an ISO 8601 duration and make the partitions of the new time first; return the new time.

    Raises HouseError when it is no duration or points back.
    """
    seconds = await _exact(places, postgres, duration)
    times = [await _advance(places, postgres, service, seconds) for service in SERVICES]
    return max(times)


async def read_time(places: Places, postgres: Postgres) -> datetime:
    """Return Recital's time."""
    connection = await _as_owner(places, postgres, SERVICES[0])
    try:
        now: datetime = await connection.fetchval(_NOW)
    finally:
        await connection.close()
    return now


async def _exact(places: Places, postgres: Postgres, duration: str) -> float:
    connection = await _as_owner(places, postgres, SERVICES[0])
    try:
        if not duration.startswith("P"):
            raise HouseError(f"{duration!r} is no ISO 8601 duration, such as P6M, P1DT2H or PT30M")
        seconds: float = await connection.fetchval(_EXACT, duration)
    except asyncpg.DataError:
        raise HouseError(f"{duration!r} is no ISO 8601 duration, such as P6M, P1DT2H or PT30M") from None
    finally:
        await connection.close()
    if timedelta(seconds=seconds) <= timedelta():
        raise HouseError("Recital's clock only moves ahead")
    return seconds


async def _advance(places: Places, postgres: Postgres, service: str, seconds: float) -> datetime:
    connection = await _as_owner(places, postgres, service)
    try:
        # Before time moves: not one row of the new time may go into a default partition.
        for (table,) in await connection.fetch(_GROWING):
            grown = partial(_has_grown, connection, table, seconds)
            await eventually(grown, what=f"{service} makes the partitions of {table}")
        await connection.fetchval(_ADVANCE, seconds)
        now: datetime = await connection.fetchval(_NOW)
    finally:
        await connection.close()
    return now


async def _has_grown(connection: "asyncpg.Connection[asyncpg.Record]", table: str, seconds: float) -> bool:
    """Make one table's partitions; false where a service holds what is needed: it may in turn wait for us."""
    try:
        async with connection.transaction():
            await connection.execute(_GIVE_WAY)
            await connection.execute(_GROW, table, seconds)
    except asyncpg.LockNotAvailableError:
        return False
    return True


async def _as_owner(places: Places, postgres: Postgres, service: str) -> "asyncpg.Connection[asyncpg.Record]":
    return await postgres.connect_as(f"{service}_owner", places.secrets_of(service).passwords().owner, service)
