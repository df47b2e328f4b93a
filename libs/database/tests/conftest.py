"""A database of the consuming and of the producing service, made by this lib's own migrations."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest_asyncio
from recital_database import Database, DatabaseSettings

VERSIONS = Path(__file__).with_name("versions")


@pytest_asyncio.fixture(loop_scope="session")
async def ingest(database_of: Callable[..., Awaitable[Database]]) -> Database:
    return await database_of("ingest", versions=VERSIONS)


@pytest_asyncio.fixture(loop_scope="session")
async def retention(database_of: Callable[..., Awaitable[Database]]) -> Database:
    return await database_of("retention", versions=VERSIONS)


@pytest_asyncio.fixture(loop_scope="session")
async def settings(database_settings_of: Callable[..., Awaitable[DatabaseSettings]]) -> DatabaseSettings:
    return await database_settings_of("ingest", versions=VERSIONS)
