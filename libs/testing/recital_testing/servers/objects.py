"""The object store: MinIO where its binary is, else the wheel's SeaweedFS, which is for trying and testing only.

Ready means that a canary object was stored and read back, not that a port answers. The bucket is made here, versioned,
and a user per service that may do what `recital_vault.SERVICE_RIGHTS` says, on either store.
"""

import asyncio
import os
import secrets
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from recital_errors import Unavailable
from recital_vault import SERVICE_RIGHTS, ObjectStore, ObjectStoreSettings, StoreRights, canary_of
from recital_vault.store_users import StoreUser, provision_minio_users, seaweedfs_identities

from recital_testing.failures import HouseError
from recital_testing.files import made_once, private_folder, secret_file
from recital_testing.ports import LOOPBACK
from recital_testing.processes import Process

BUCKET = "recital"
JWT_KEYS = (
    "WEED_JWT_SIGNING_KEY",
    "WEED_JWT_SIGNING_READ_KEY",
    "WEED_JWT_FILER_SIGNING_KEY",
    "WEED_JWT_FILER_SIGNING_READ_KEY",
)
REPOSITORY = Path(__file__).resolve().parents[4]
IDENTITIES = "identities.json"
Kind = Literal["minio", "seaweedfs"]
# Neither may find what the other wrote.
DATA: Mapping[Kind, str] = {"minio": "minio", "seaweedfs": "data"}


@dataclass(slots=True)
class Objects:
    """One store in `folder`; `ports` gives a port for each of `OBJECT_PORTS` (MinIO uses the first two)."""

    folder: Path
    ports: Mapping[str, int]
    kind: Kind
    process: Process
    bucket: str = BUCKET
    rights: tuple[StoreRights, ...] = tuple(SERVICE_RIGHTS.values())

    @classmethod
    def in_folder(cls, folder: Path, *, ports: Mapping[str, int], kind: Kind | None = None) -> "Objects":
        """Describe the store of a folder, of the kind there is unless one is named; nothing is made or started."""
        minio = None if kind == "seaweedfs" else minio_binary()
        if kind == "minio" and minio is None:
            raise HouseError("there is no MinIO: `make minio` builds it, RECITAL_MINIO names another")
        command = minio_command(minio, folder, ports) if minio else seaweedfs_command(folder, ports)
        return cls(
            folder=folder,
            ports=ports,
            kind="minio" if minio else "seaweedfs",
            process=Process("objects", folder, command),
        )

    @property
    def endpoint(self) -> str:
        """Host and port, as the S3 client takes it."""
        return f"{LOOPBACK}:{self.ports['objects']}"

    @property
    def access_key_file(self) -> Path:
        """The file of the access key's id, which is a secret too: random, as nobody else may know one."""
        return self.folder / "access.key"

    @property
    def secret_key_file(self) -> Path:
        """The file of the access key's secret."""
        return self.folder / "secret.key"

    def user(self, service: str) -> StoreUser:
        """Return the user of one service; raises KeyError for a service that has none."""
        rights = {each.service: each for each in self.rights}[service]
        own = self.folder / "users"
        return StoreUser(rights, own / f"{service}.access.key", own / f"{service}.secret.key")

    async def start(self, *, guarded: bool = True) -> None:
        """Start it, make the bucket, return when a canary was stored and read; raises HouseError when it was not."""
        self._prepare()
        self.process.environment = self._environment()
        self.process.start(guarded=guarded)
        store = await ObjectStore.open(self.settings())
        try:
            await self.process.until(lambda: self._answers(store), within=60.0)
            if self.kind == "minio":
                await provision_minio_users(self.settings(), self._users())
        finally:
            store.close()

    def settings(self, service: str | None = None) -> ObjectStoreSettings:
        """Return what the vault room takes to reach it, as one service may, or as the administrator."""
        administrator = ObjectStoreSettings(
            endpoint=self.endpoint,
            bucket=self.bucket,
            access_key_file=self.access_key_file,
            secret_key_file=self.secret_key_file,
            secure=False,
        )
        if service is None:
            return administrator
        user = self.user(service)
        return replace(
            administrator,
            access_key_file=user.access_key_file,
            secret_key_file=user.secret_key_file,
            canary=canary_of(service),
        )

    async def stop(self) -> None:
        """Stop it, which writes what it holds to disk."""
        await self.process.stop(within=20.0)
        self._tidy()

    async def kill(self) -> None:
        """End it as a crash would."""
        await self.process.kill()
        self._tidy()

    def _prepare(self) -> None:
        private_folder(self.folder / DATA[self.kind])
        private_folder(self.folder / "users")
        users = self._users()
        ids = [self.access_key_file, *(user.access_key_file for user in users)]
        halves = [self.secret_key_file, *(user.secret_key_file for user in users), self.folder / "jwt.key"]
        for file, length in (*((each, 10) for each in ids), *((each, 20) for each in halves)):
            made_once(file, partial(secrets.token_hex, length))
        if self.kind == "seaweedfs":
            secret_file(self.folder / IDENTITIES, seaweedfs_identities(users, self.bucket))

    def _users(self) -> list[StoreUser]:
        return [self.user(each.service) for each in self.rights]

    def _environment(self) -> dict[str, str]:
        key, secret = self.access_key_file.read_text(), self.secret_key_file.read_text()
        if self.kind == "minio":
            settings = {
                "MINIO_FS_OSYNC": "on",
                "MINIO_BROWSER": "off",
                "MINIO_UPDATE": "off",
                "MINIO_CALLHOME_ENABLE": "off",
            }
            return {"MINIO_ROOT_USER": key, "MINIO_ROOT_PASSWORD": secret, **settings}
        # Without all four keys its inner ports would delete without credentials.
        jwt = (self.folder / "jwt.key").read_text()
        inner = {name: f"{jwt}{place}" for place, name in enumerate(JWT_KEYS)}
        return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "GOMEMLIMIT": "768MiB", **inner}

    async def _answers(self, store: ObjectStore) -> bool:
        try:
            await asyncio.to_thread(self._connect)
            await store.provision(versioned=True)
            await store.ping()
        except (OSError, Unavailable):
            return False
        return True

    def _connect(self) -> None:
        """Raise OSError while nothing listens, so that a program that ended is noticed before the store is asked."""
        socket.create_connection((LOOPBACK, self.ports["objects"]), timeout=1).close()

    def _tidy(self) -> None:
        """Remove the sockets that SeaweedFS leaves in /tmp, which only its ports name."""
        for port in (*self.ports.values(), self.ports["objects_admin"] + 10_000):
            for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108 - its fixed place, ours by the port
                left.unlink(missing_ok=True)


def minio_binary() -> Path | None:
    """Return MinIO's program: RECITAL_MINIO, or the one `make minio` built; None without one, or with STORE=wheel."""
    wanted = os.environ.get("STORE", "")
    if wanted not in {"", "wheel", "minio"}:
        raise HouseError(f"STORE is {wanted!r}: it is `wheel`, `minio` or left away")
    if wanted == "wheel":
        return None
    named = os.environ.get("RECITAL_MINIO")
    if named and not Path(named).exists():
        raise HouseError(f"RECITAL_MINIO names {named}, which is not there")
    built = Path(named) if named else REPOSITORY / ".run" / "bin" / "minio"
    return built if built.exists() else None


def minio_command(program: Path, folder: Path, ports: Mapping[str, int]) -> list[str | Path]:
    """Return how MinIO is started: one folder, loopback only."""
    address, console = f"{LOOPBACK}:{ports['objects']}", f"{LOOPBACK}:{ports['objects_s3_grpc']}"
    return [program, "server", folder / DATA["minio"], "--address", address, "--console-address", console, "--quiet"]


def seaweedfs_command(folder: Path, ports: Mapping[str, int]) -> list[str | Path]:
    """Return how SeaweedFS is started: everything on loopback ports of ours, nothing that opens by default."""
    closed = ["-s3.allowDeleteBucketNotEmpty=false", "-s3.autoCreateBucket=false", "-webdav=false", "-admin.ui=false"]
    quiet = ["-master.telemetry=false", "-s3.port.iceberg=0", "-s3.port.lance=0", "-volume.max=1000"]
    places = {"s3": "objects", "s3.grpc": "objects_s3_grpc"} | {
        f"{part}{grpc}": f"objects_{part}{grpc.replace('.', '_')}"
        for part in ("master", "volume", "filer")
        for grpc in ("", ".grpc")
    }
    listening = [
        f"-{flag.partition('.')[0]}.port{'.grpc' if '.' in flag else ''}={ports[name]}" for flag, name in places.items()
    ]
    listening.append(f"-admin.port={ports['objects_admin']}")
    here = [
        f"-dir={folder / DATA['seaweedfs']}",
        f"-s3.config={folder / IDENTITIES}",
        f"-ip={LOOPBACK}",
        f"-ip.bind={LOOPBACK}",
    ]
    return [Path(sys.executable).with_name("weed"), "mini", *here, *closed, *quiet, *listening]
