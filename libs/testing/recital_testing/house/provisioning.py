"""Making what the services find: databases and roles, key schemas, users and stream of the bus, keys that sign.

All of it may run again over what is there: it brings up to date and destroys nothing.
"""

import asyncio
import json

from recital_bus import PROVISIONER
from recital_bus import provision as provision_bus
from recital_database import create_service_database
from recital_database.migrating import migrate
from recital_identity import LocalIssuer
from recital_vault import provision_keys

from recital_testing.databases import versions_of
from recital_testing.files import secret_file
from recital_testing.house.environment import ISSUER, Places, database_settings
from recital_testing.servers import Servers
from recital_testing.servers.postgres import Postgres
from recital_testing.service_secrets import signing_key
from recital_testing.services import SERVICES, TABLE

KEYS = "keys"


def make_keys(places: Places) -> LocalIssuer:
    """Make every signing key that is missing, publish the issuer's public key, and return the issuer."""
    for row in TABLE:
        places.secrets_of(row.name).make_signing_keys(row.signs)
    issuer = LocalIssuer(signing_key(places.issuer_key), ISSUER)
    secret_file(places.issuer_keys, json.dumps(issuer.keys.jwks()))
    return issuer


async def make_databases(places: Places, postgres: Postgres) -> None:
    """Make each service's database with its three roles, and its schema and role in the database `keys`."""
    admin = await postgres.connect()
    try:
        for service in SERVICES:
            await create_service_database(admin, service, places.secrets_of(service).passwords())
    finally:
        await admin.close()
    await postgres.ensure_database(KEYS)
    admin = await postgres.connect(KEYS)
    try:
        for service in SERVICES:
            await provision_keys(admin, service, password=places.secrets_of(service).password_file("keys").read_text())
    finally:
        await admin.close()


async def migrate_databases(places: Places, postgres: Postgres) -> None:
    """Bring each service's tables up to date: what `python -m recital_<service> migrate` does, without four starts."""
    for service in SERVICES:
        settings = database_settings(service, places, postgres)
        await asyncio.to_thread(migrate, settings, service, versions_of(service))


async def make_stream(servers: Servers) -> None:
    """Make the stream and each service's durable consumer, or bring them up to date with the catalogue."""
    await provision_bus(servers.nats.url, servers.nats.seed_file(PROVISIONER))
