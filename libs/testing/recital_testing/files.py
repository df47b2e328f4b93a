"""Files that only we may read: secrets and the folders they lie in."""

import os
from collections.abc import Callable
from pathlib import Path

from recital_testing.failures import HouseError


def private_folder(folder: Path) -> Path:
    """Make a folder that only we may enter; raises HouseError when it is there and another user's."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_uid != os.geteuid():
        raise HouseError(f"{folder} belongs to another user")
    folder.chmod(0o700)
    return folder


def secret_file(file: Path, content: str | bytes) -> Path:
    """Write a file that only we may read, whole or not at all: a reader never sees half of it."""
    private_folder(file.parent)
    being_written = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(being_written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content.encode() if isinstance(content, str) else content)
    being_written.replace(file)
    return file


def made_once(file: Path, make: Callable[[], str | bytes]) -> Path:
    """Return a secret file, made when it is not there."""
    return file if file.exists() else secret_file(file, make())
