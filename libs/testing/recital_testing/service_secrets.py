"""Where the secrets of a house lie: a folder per service that only it is told of, each secret a file (0600)."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from recital_database import Passwords
from recital_identity import SigningKey

from recital_testing.files import made_once, private_folder

ROOT_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class ServiceSecrets:
    """The secrets of one service, each made when it is first asked for."""

    folder: Path

    @classmethod
    def of(cls, folder: Path, service: str) -> "ServiceSecrets":
        """Describe the secrets of a service under the house's folder of secrets."""
        return cls(folder / service)

    def password_file(self, role: str) -> Path:
        """Return the file of a database role's password: owner, app, worker, or keys (the role in database `keys`)."""
        return made_once(self.folder / f"{role}.password", lambda: secrets.token_urlsafe(24))

    def passwords(self) -> Passwords:
        """Return the passwords of the three roles in the service's own database."""
        owner, app, worker = (self.password_file(role).read_text() for role in ("owner", "app", "worker"))
        return Passwords(owner=owner, app=app, worker=worker)

    @property
    def root_key_file(self) -> Path:
        """The 32 bytes that wrap the tenants' keys of this service."""
        return made_once(self.folder / "root.key", lambda: secrets.token_bytes(ROOT_KEY_BYTES))

    @property
    def signing_folder(self) -> Path:
        """Where `<use>.pem` lies for each use this service signs for."""
        return private_folder(self.folder / "signing")

    def make_signing_keys(self, uses: tuple[str, ...]) -> None:
        """Make the key of each use that has none yet."""
        for use in uses:
            signing_key(self.signing_folder / f"{use}.pem")


def signing_key(file: Path) -> SigningKey:
    """Return the key in a file, made when it is not there."""
    return SigningKey.from_pem(made_once(file, lambda: SigningKey.generate().pem()).read_bytes())
