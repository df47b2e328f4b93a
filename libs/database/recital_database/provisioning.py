"""Making a service's database and its three roles, from an administrator's connection. Migrations come after.

The owner migrates, the application role serves, the worker role finds work; none is a superuser and none passes by
row-level security.
"""

from dataclasses import dataclass

import asyncpg


@dataclass(frozen=True, slots=True)
class Passwords:
    """One password per role of a service's database."""

    owner: str
    app: str
    worker: str


async def create_service_database(
    admin: "asyncpg.Connection[asyncpg.Record]", service: str, passwords: Passwords
) -> None:
    """Create the roles and the database of a service, or bring the passwords of existing ones up to date."""
    for kind in ("owner", "app", "worker"):
        await ensure_role(admin, f"{service}_{kind}", getattr(passwords, kind))
    if not await admin.fetchval("select exists (select from pg_database where datname = $1)", service):
        await admin.execute(f"create database {service} owner {service}_owner template template0 encoding 'UTF8'")
    await admin.execute(f"revoke all on database {service} from public")
    await admin.execute(f"grant connect on database {service} to {service}_app, {service}_worker")


async def ensure_role(admin: "asyncpg.Connection[asyncpg.Record]", name: str, password: str) -> None:
    """Create a login role without any privilege, or set its password."""
    verb = (
        "alter" if await admin.fetchval("select exists (select from pg_roles where rolname = $1)", name) else "create"
    )
    rights = "login nosuperuser nocreatedb nocreaterole noinherit nobypassrls noreplication"
    # A role's password cannot be a bound parameter; the server quotes the literal itself.
    literal = await admin.fetchval("select quote_literal($1::text)", password)
    await admin.execute(f"{verb} role {name} {rights} password {literal}")
    # Acknowledged means on stable storage, for every connection of this role.
    await admin.execute(f"alter role {name} set synchronous_commit = on")
