"""What ingest is told from outside: RECITAL_INGEST_ variables."""

from datetime import timedelta
from pathlib import Path
from typing import Self

import imageio_ffmpeg  # type: ignore[import-untyped]
from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict
from recital_runtime import ServiceSettings

from recital_ingest.actions.crashpoints import CrashPoint


def _decoder() -> Path:
    # Looked up when settings are read; the wheel has exactly one.
    return Path(imageio_ffmpeg.get_ffmpeg_exe())


class Settings(ServiceSettings):
    """The settings all services share, and the limits of uploads."""

    model_config = SettingsConfigDict(env_prefix="RECITAL_INGEST_")

    largest_upload: int = Field(default=2 << 30, gt=0, le=64 << 30)
    """Bytes of one file, counted on the wire."""
    longest_upload: timedelta = timedelta(hours=2)
    longest_silence: timedelta = timedelta(seconds=30)
    slowest_upload: int = Field(default=8_000, ge=0)
    """Bytes a second."""
    largest_compressed: int = Field(default=64 << 20, gt=0)
    """Bytes of compressed audio in one file: it is held in memory while it is decoded to be judged."""
    decoder: Path = Field(default_factory=_decoder)
    """FFmpeg; the one inside the wheel unless another is named."""
    uploads_per_tenant: int = Field(default=32, gt=0)
    upload_lease: timedelta = timedelta(minutes=2)
    read_back_share: float = Field(default=0.1, gt=0, le=1)
    """Of the time, in all replicas together, in which recordings are read back."""
    read_back_every: timedelta = timedelta(days=90)
    crash_at: CrashPoint | None = None
    """For tests, in local mode only: the process ends itself where it reaches this point."""

    @model_validator(mode="after")
    def _crashes_in_local_mode_only(self) -> Self:
        if self.crash_at is not None and not self.local_mode:
            raise ValueError("crash_at is for local mode only")
        return self
