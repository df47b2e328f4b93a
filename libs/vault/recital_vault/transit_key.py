"""The root key in HashiCorp Vault's transit engine: the key itself never leaves it.

Needs the extra `transit` (hvac). What a key is wrapped to lies inside the plaintext, so that it holds with every
version of the engine; the ciphertext's own prefix says which version of the key wrapped it.
"""

import asyncio
import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import hvac  # type: ignore[import-untyped]  # has no types
import requests
from hvac.exceptions import InvalidPath, InvalidRequest, VaultError  # type: ignore[import-untyped]  # the same
from recital_errors import Unavailable

from recital_vault.broken import SealBroken

__all__ = ["TransitRootKey", "TransitSettings"]

T = TypeVar("T")
_FORM = b"transit1|"
_DIGEST_SIZE = 32


@dataclass(frozen=True, slots=True)
class TransitSettings:
    """Where the engine is; the token is read from its file at each use. `timeout` in seconds."""

    address: str
    token_file: Path
    key: str
    mount: str = "transit"
    authorities_file: Path | None = None
    timeout: float = 3.0


class TransitRootKey:
    """A key of the transit engine, as a root key; see RootKey."""

    def __init__(self, settings: TransitSettings) -> None:
        """Asks nothing yet."""
        self._settings = settings

    async def wrap(self, secret: bytes, context: bytes) -> bytes:
        """`secret` wrapped to `context`; raises Unavailable `root_key_unavailable`."""
        said = base64.b64encode(_digest(context) + secret).decode()
        try:
            answer = await self._ask(
                lambda transit: transit.encrypt_data(
                    self._settings.key, plaintext=said, mount_point=self._settings.mount
                )
            )
        except InvalidRequest:
            raise _unavailable() from None
        return _FORM + str(answer["data"]["ciphertext"]).encode()

    async def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The secret; raises Unavailable `root_key_unavailable` or `root_key_differs`, SealBroken for a damaged row."""
        if not wrapped.startswith(_FORM):
            raise Unavailable("root_key_differs", "This key was wrapped with another root key.")
        ciphertext = _ciphertext(wrapped)
        if _version(ciphertext) > await self._newest():
            raise Unavailable("root_key_differs", "This key was wrapped with another root key.")
        try:
            answer = await self._ask(
                lambda transit: transit.decrypt_data(
                    self._settings.key, ciphertext=ciphertext, mount_point=self._settings.mount
                )
            )
            opened = base64.b64decode(answer["data"]["plaintext"], validate=True)
        except (InvalidRequest, binascii.Error):
            raise SealBroken from None
        if opened[:_DIGEST_SIZE] != _digest(context):
            raise SealBroken
        return opened[_DIGEST_SIZE:]

    async def is_newest(self, wrapped: bytes) -> bool:
        """Whether the newest version of the key wrapped it; raises Unavailable `root_key_unavailable`."""
        newest = await self._newest()
        return wrapped.startswith(_FORM) and _version(_ciphertext(wrapped)) == newest

    async def ping(self) -> None:
        """Raises Unavailable `root_key_unavailable` unless the engine has the key and shows it to us."""
        await self._newest()

    async def _newest(self) -> int:
        try:
            answer = await self._ask(
                lambda transit: transit.read_key(self._settings.key, mount_point=self._settings.mount)
            )
            return int(answer["data"]["latest_version"])
        except (InvalidRequest, KeyError, TypeError, ValueError):
            raise _unavailable() from None

    async def _ask(self, call: Callable[[Any], T]) -> T:
        """What the engine answers. InvalidRequest is the caller's to read; everything else is Unavailable."""
        try:
            return await asyncio.to_thread(self._call, call)
        except InvalidRequest:
            raise
        except (InvalidPath, VaultError, requests.RequestException, OSError) as error:
            raise _unavailable() from error

    def _call(self, call: Callable[[Any], T]) -> T:
        settings = self._settings
        client = hvac.Client(
            url=settings.address,
            token=settings.token_file.read_text().strip(),
            timeout=settings.timeout,
            verify=str(settings.authorities_file) if settings.authorities_file else True,
            allow_redirects=False,
        )
        try:
            return call(client.secrets.transit)
        finally:
            client.adapter.close()


def _unavailable() -> Unavailable:
    return Unavailable("root_key_unavailable", "The root key cannot be used.")


def _digest(context: bytes) -> bytes:
    return hashlib.sha256(b"recital root context v1|" + context).digest()


def _ciphertext(wrapped: bytes) -> str:
    try:
        return wrapped[len(_FORM) :].decode("ascii")
    except UnicodeDecodeError:
        raise SealBroken from None


def _version(ciphertext: str) -> int:
    """The version of the key in `vault:v3:...`."""
    parts = ciphertext.split(":")
    if len(parts) != 3 or parts[0] != "vault" or not parts[1][1:].isdigit():
        raise SealBroken
    return int(parts[1][1:])
