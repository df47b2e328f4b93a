"""A bare FastAPI application in a process of its own: what the web framework and the commits cost by themselves."""

import multiprocessing
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

import asyncpg
import uvicorn
from fastapi import FastAPI, Request
from recital_testing.servers import Postgres

DATABASE = "bare"
CONNECTIONS = 16  # as a service's own pool
ANSWER = {"may_record": True, "reasons": [], "keepable": [{"purpose": "contract", "spans": []}]}


@dataclass(frozen=True, slots=True)
class Where:
    """How the process reaches the database."""

    host: str
    port: int
    user: str
    password: str


class Bare:
    """The process. Routes: POST /constant, and POST /commit which inserts a row and commits, once."""

    def __init__(self, where: Where) -> None:
        """Start it; it says its port when it listens."""
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(where, theirs), daemon=True)
        self._process.start()
        self.url = f"http://127.0.0.1:{self._pipe.recv()}"

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.join(10)


async def prepare(postgres: Postgres) -> Where:
    """Make its database and its one table."""
    admin = await postgres.connect()
    try:
        await admin.execute("create role bare login password 'bare'")
        await admin.execute(f"create database {DATABASE} owner bare")
    finally:
        await admin.close()
    where = Where(postgres.host, postgres.port, "bare", "bare")
    owner = await postgres.connect_as(where.user, where.password, DATABASE)
    try:
        await owner.execute("create table rows (id bigint generated always as identity primary key, body bytea)")
    finally:
        await owner.close()
    return where


def _app(where: Where) -> FastAPI:
    @asynccontextmanager
    async def connected(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(
            host=where.host,
            port=where.port,
            user=where.user,
            password=where.password,
            database=DATABASE,
            min_size=CONNECTIONS,
            max_size=CONNECTIONS,
        ) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=connected)

    @app.post("/constant")
    async def constant() -> dict[str, object]:
        return ANSWER

    @app.post("/commit")
    async def commit(request: Request) -> dict[str, object]:
        body = await request.body()
        async with request.app.state.pool.acquire() as connection, connection.transaction():
            await connection.execute("insert into rows (body) values ($1)", body)
        return ANSWER

    return app


def _run(where: Where, pipe: Connection) -> None:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    pipe.send(listening.getsockname()[1])
    config = uvicorn.Config(_app(where), loop="uvloop", http="httptools", log_level="error", access_log=False)
    uvicorn.Server(config).run(sockets=[listening])
