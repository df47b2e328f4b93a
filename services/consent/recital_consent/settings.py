"""What consent is told from outside: the settings all services share."""

from pydantic_settings import SettingsConfigDict
from recital_runtime import ServiceSettings


class Settings(ServiceSettings):
    """Read from RECITAL_CONSENT_ variables."""

    model_config = SettingsConfigDict(env_prefix="RECITAL_CONSENT_")
