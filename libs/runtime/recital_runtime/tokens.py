"""Access tokens that were verified are not verified again until they end: the same callers come all day.

Nothing that can change is remembered: whether the tenant is open, and what a role may do, is asked on every request.
"""

import hashlib
from datetime import datetime

from recital_identity import KeySet, Principal, verify_access

MOST = 10_000
"""Principals that are remembered; past it all are forgotten, and verified as they come."""


class Tokens:
    """The issuer's keys, and whom they showed. Only digests of tokens are kept."""

    def __init__(self, issuer: str, audience: str) -> None:
        """Without keys every token is refused."""
        self._issuer, self._audience = issuer, audience
        self._keys = KeySet({})
        self._known: dict[bytes, Principal] = {}

    def trust(self, keys: KeySet) -> None:
        """Take these keys from now on; what others showed is forgotten."""
        self._keys, self._known = keys, {}

    def principal_of(self, token: str, now: datetime) -> Principal:
        """Return who is behind an access token. Raises Unauthenticated."""
        digest = hashlib.sha256(token.encode(errors="replace")).digest()
        known = self._known.get(digest)
        if known is not None and now < known.expires_at:
            return known
        principal = verify_access(token, self._keys, issuer=self._issuer, audience=self._audience, now=now)
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[digest] = principal
        return principal
