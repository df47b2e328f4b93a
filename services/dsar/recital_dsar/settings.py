"""What dsar is told from outside: the settings all services share, and the times and amounts of its own."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import SettingsConfigDict
from recital_runtime import ServiceSettings


class Settings(ServiceSettings):
    """Read from RECITAL_DSAR_ variables."""

    model_config = SettingsConfigDict(env_prefix="RECITAL_DSAR_")

    session_lifetime: timedelta = timedelta(hours=1)
    """How long a person's token lives."""
    package_retention: timedelta = Field(default=timedelta(days=30), le=timedelta(days=366))
    """How long a package is kept (P30D)."""
    internal_target_days: int = Field(default=10, ge=1, le=28)
    portal_requests_per_hour: int = Field(default=600, ge=1)
    largest_part: int = Field(default=256 << 20, ge=1 << 20)
    """Bytes of the largest part that is read (a part is read whole; audio is not in it)."""
