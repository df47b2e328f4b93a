"""What dsar is told from outside: the settings all services share, and the times and amounts of its own."""

from datetime import timedelta
from pathlib import Path
from typing import Literal

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
    portal_url: str | None = None
    """Where persons reach their package; this service's own address unless a portal stands before it."""
    smtp_host: str | None = None
    """The mail server that letters go through; without one they wait for an officer, visibly."""
    smtp_port: int = Field(default=465, ge=1, le=65535)
    smtp_security: Literal["tls", "starttls", "none"] = "tls"
    smtp_user: str | None = None
    smtp_password_file: Path | None = None
    smtp_authorities_file: Path | None = None
    """Certificates that the mail server's is checked against, beside none of the system's."""
    mail_from: str = "privacy@localhost"
    text_gateway_url: str | None = None
    """The HTTP gateway for text messages: POST {to, from, text, reference} as JSON."""
    text_from: str = "Recital"
    text_token_file: Path | None = None
