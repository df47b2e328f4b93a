"""What retention is told from outside, beside what every service is."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict
from recital_runtime import ServiceSettings


class RetentionSettings(ServiceSettings):
    """RECITAL_RETENTION_ variables."""

    model_config = SettingsConfigDict(env_prefix="RECITAL_RETENTION_", frozen=True, extra="ignore")

    key_backup_days: Annotated[int, Field(ge=1)] | None = None
    """How long backups of keys are kept, in days; not given where none are made. Printed on every certificate."""

    store_residue_days: Annotated[int, Field(ge=1)] = 1
    """Within how many days the object store clears what it keeps beneath its own interface after a deletion."""

    late_after_minutes: Annotated[int, Field(ge=1)] = 15
    """An erasure that is open for longer is alarmed."""
