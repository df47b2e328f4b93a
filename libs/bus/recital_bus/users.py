"""Who may connect: key pairs of NATS users ("nkeys", Ed25519). The server knows the public half alone."""

import base64
import secrets

from nacl.signing import SigningKey

_PREFIX_SEED = 18 << 3
_PREFIX_USER = 20 << 3


def new_user() -> tuple[str, str]:
    """Make a key pair: the seed, a secret for the user's own file, and the public key, for the server."""
    raw = secrets.token_bytes(32)
    # The seed says what kind of key it is of: the kind's five bits follow those of "seed" (nats-io/nkeys).
    kind = bytes([_PREFIX_SEED | (_PREFIX_USER >> 5), (_PREFIX_USER & 31) << 3])
    return _encoded(kind + raw), _encoded(bytes([_PREFIX_USER]) + bytes(SigningKey(raw).verify_key))


def _encoded(data: bytes) -> str:
    return base64.b32encode(data + _checksum(data).to_bytes(2, "little")).decode().rstrip("=")


def _checksum(data: bytes) -> int:
    """CRC-16/XMODEM, as nkeys have it."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021) & 0xFFFF if crc & 0x8000 else (crc << 1) & 0xFFFF
    return crc
