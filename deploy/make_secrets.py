"""Makes every secret of an installation, each in a file that only its maker may read: `make_secrets.py FOLDER`.

A folder per Kubernetes Secret, called like it. What is there is kept, so that it may run again. For production an
operator may take them from here or make them elsewhere under the same names; `--trying` adds what only an installation
for trying has: a token issuer of its own, a root key in a file, and the users of NATS and SeaweedFS.
"""

import json
import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID

import httpx
import typer
from recital_bus import PROVISIONER, new_user, permissions_of
from recital_identity import LocalIssuer, Role
from recital_testing.files import made_once, secret_file
from recital_testing.service_secrets import ServiceSecrets, signing_key
from recital_testing.services import SERVICES, TABLE
from recital_vault import SERVICE_RIGHTS
from recital_vault.store_users import StoreUser, seaweedfs_identities

ISSUER = "https://issuer.recital.test"
BUCKET = "recital"
TOKEN_LIFETIME = timedelta(hours=12)
# The inner ports of SeaweedFS: WEED_JWT_<...>.
JWT_KEYS = {
    "signing": "SIGNING_KEY",
    "signing-read": "SIGNING_READ_KEY",
    "filer-signing": "FILER_SIGNING_KEY",
    "filer-signing-read": "FILER_SIGNING_READ_KEY",
}

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.command()
def make(folder: Path, *, trying: Annotated[bool, typer.Option(help="Also what only a trial has.")] = False) -> None:
    """Make the secrets that are missing."""
    for row in TABLE:
        own = ServiceSecrets.of(folder, row.name)
        for role in ("app", "worker", "keys"):
            own.password_file(role)
        _store_key(own.folder)
        ServiceSecrets.of(folder, f"{row.name}-owner").password_file("owner")
        for use in row.signs:
            signing_key(folder / f"{row.name}-signing" / f"{use}.pem")
        if trying:
            _ = own.root_key_file  # made when it is first asked for
    provisioner = folder / "provisioner"
    ServiceSecrets(provisioner).password_file("postgres")
    _store_key(provisioner)
    _make_bus_users(folder)
    if trying:
        _make_trial(folder)
    typer.echo(f"secrets: {folder}")


@app.command()
def token(
    folder: Path,
    role: Role,
    *,
    tenant: Annotated[UUID | None, typer.Option(help="None for the operator.")] = None,
    consent: Annotated[str, typer.Option(help="Where consent is: it tells the time.")] = "http://127.0.0.1:7400",
    subject: str | None = None,
) -> None:
    """Print an access token of the trial's own issuer, good for twelve hours of Recital's time."""
    now = datetime.fromisoformat(httpx.get(f"{consent}/livez", trust_env=False).raise_for_status().json()["now"])
    issuer = LocalIssuer(signing_key(folder / "issuer.pem"), ISSUER)
    typer.echo(
        issuer.access_token(
            audience="recital",
            tenant=tenant,
            roles=[role],
            subject=subject or f"{role.value}-1",
            now=now,
            lifetime=TOKEN_LIFETIME,
            staff_id=None,
        )
    )


def _make_bus_users(folder: Path) -> None:
    """A seed for each user, and for the server their public keys with what each may do (the catalogue's)."""
    users = []
    for user in (PROVISIONER, *SERVICES):
        seed = folder / user / "bus.seed"
        public = folder / f"{user}.bus.public"
        if not (seed.exists() and public.exists()):
            made_seed, made_public = new_user()
            secret_file(seed, made_seed)
            secret_file(public, made_public)
        may = permissions_of(user)
        allowed = {"publish": {"allow": list(may.publish)}, "subscribe": {"allow": list(may.subscribe)}}
        users.append({"nkey": public.read_text().strip(), "permissions": allowed})
    # NATS's configuration is a superset of JSON; nats.conf includes this.
    secret_file(folder / "nats" / "users.conf", f"authorization: {json.dumps({'users': users}, indent=1)}\n")


def _make_trial(folder: Path) -> None:
    issuer = LocalIssuer(signing_key(folder / "issuer.pem"), ISSUER)
    secret_file(folder / "token-keys" / "jwks.json", json.dumps(issuer.keys.jwks()))
    users = [
        StoreUser(rights, folder / service / "store-access.key", folder / service / "store-secret.key")
        for service, rights in SERVICE_RIGHTS.items()
    ]
    secret_file(folder / "objects" / "s3.json", seaweedfs_identities(users, BUCKET))
    for name in JWT_KEYS:
        made_once(folder / "objects" / f"{name}.jwt", lambda: secrets.token_urlsafe(24))
    # What SeaweedFS takes from its environment alone, for compose.yaml; on Kubernetes the Secrets are named one by one.
    named = {
        "AWS_ACCESS_KEY_ID": folder / "provisioner" / "store-access.key",
        "AWS_SECRET_ACCESS_KEY": folder / "provisioner" / "store-secret.key",
        **{f"WEED_JWT_{key}": folder / "objects" / f"{name}.jwt" for name, key in JWT_KEYS.items()},
    }
    secret_file(folder / "objects.env", "".join(f"{name}={file.read_text()}\n" for name, file in named.items()))


def _store_key(folder: Path) -> None:
    """An access key; its id is random too, since knowing one is half of an attack on MinIO."""
    made_once(folder / "store-access.key", lambda: secrets.token_hex(10))
    made_once(folder / "store-secret.key", lambda: secrets.token_hex(20))


if __name__ == "__main__":
    app()
