"""A service's signing keys: one secret file per use; retired public keys stay published beside them for ever."""

import json
from pathlib import Path

from recital_errors import Unavailable
from recital_identity import KeySet, SigningKey


class SigningKeys:
    """Reads `<use>.pem` from a folder when first asked, and `retired.jwks.json` where there is one."""

    def __init__(self, folder: Path) -> None:
        """Nothing is read yet."""
        self._folder = folder
        self._keys: dict[str, SigningKey] = {}

    def __getitem__(self, use: str) -> SigningKey:
        """Return the key that signs for a use, as `permit`; raises Unavailable where its file is missing or no key."""
        if use not in self._keys:
            try:
                self._keys[use] = SigningKey.from_pem((self._folder / f"{use}.pem").read_bytes())
            except OSError:
                raise Unavailable("signing_key_missing", f"There is no signing key for {use}.") from None
        return self._keys[use]

    def uses(self) -> list[str]:
        """Return the uses that have a key."""
        return sorted(each.stem for each in self._folder.glob("*.pem"))

    def keys(self, use: str | None = None) -> KeySet:
        """Return the public keys of one use, or of all, with the retired ones."""
        retired = self._folder / "retired.jwks.json"
        found = KeySet.from_jwks(json.loads(retired.read_text()), use) if retired.exists() else KeySet({})
        for each in [use] if use else self.uses():
            found |= KeySet.of(self[each], use=each)
        return found
