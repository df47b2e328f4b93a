"""Opened keys in memory, for 60 seconds at most: after a key is destroyed no process reads with it for longer."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from uuid import UUID

__all__ = ["LONGEST", "KeyCache"]

# Seconds, counted from before the key was asked for. A destroyed key must be of no use after that, everywhere.
LONGEST = 60.0
_MOST = 4_096


class KeyCache:
    """The keys used last, of every tenant, bounded in number and in age."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """`monotonic` counts seconds."""
        self._monotonic = monotonic
        self._held: OrderedDict[tuple[UUID, UUID], tuple[float, bytes]] = OrderedDict()

    def now(self) -> float:
        """The instant to be handed to `put`, taken before the key is asked for."""
        return self._monotonic()

    def get(self, tenant: UUID, key: UUID) -> bytes | None:
        """The secret, unless it is unknown here or too old."""
        held = self._held.get((tenant, key))
        if held is None:
            return None
        asked_at, secret = held
        if self._monotonic() - asked_at >= LONGEST:
            del self._held[tenant, key]
            return None
        self._held.move_to_end((tenant, key))
        return secret

    def put(self, tenant: UUID, key: UUID, secret: bytes, *, asked_at: float) -> None:
        """Holds `secret` until 60 seconds after `asked_at`."""
        self._held[tenant, key] = (asked_at, secret)
        self._held.move_to_end((tenant, key))
        while len(self._held) > _MOST:
            self._held.popitem(last=False)

    def forget(self, tenant: UUID, keys: Iterable[UUID]) -> None:
        """These keys are gone."""
        for key in keys:
            self._held.pop((tenant, key), None)

    def forget_tenant(self, tenant: UUID) -> None:
        """Every key of this tenant is gone."""
        for held in [held for held in self._held if held[0] == tenant]:
            del self._held[held]

    def clear(self) -> None:
        """Nothing is held any more."""
        self._held.clear()
