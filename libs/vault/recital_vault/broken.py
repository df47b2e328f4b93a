"""The one error the vault adds: what is stored is not what was sealed."""

from recital_errors import Unavailable

__all__ = ["SealBroken"]


class SealBroken(Unavailable):
    """What is stored under this id is not what was sealed there; nothing of it is given out."""

    def __init__(self, code: str = "seal_broken", detail: str | None = None) -> None:
        """Damage, truncation and exchange look alike here; asking again does not help."""
        super().__init__(code, detail)
