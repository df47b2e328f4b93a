import asyncio
import secrets
from pathlib import Path

import pytest
from recital_errors import Unavailable
from recital_vault import FileRootKey, SealBroken


async def test_what_the_root_key_wraps_it_unwraps_in_the_same_context_only(root_key_file: Path) -> None:
    root_key = FileRootKey(root_key_file)
    wrapped = await root_key.wrap(b"secret", b"tenant one")
    assert b"secret" not in wrapped
    assert await root_key.unwrap(wrapped, b"tenant one") == b"secret"
    with pytest.raises(SealBroken):
        await root_key.unwrap(wrapped, b"tenant two")
    with pytest.raises(SealBroken):
        await root_key.unwrap(wrapped[:5], b"tenant one")


async def test_a_wrong_root_key_is_told_from_a_damaged_row(root_key_file: Path) -> None:
    wrapped = await FileRootKey(root_key_file).wrap(b"secret", b"")
    await asyncio.to_thread(root_key_file.write_bytes, secrets.token_bytes(32))
    with pytest.raises(Unavailable) as refusal:
        await FileRootKey(root_key_file).unwrap(wrapped, b"")
    assert refusal.value.code == "root_key_differs"


@pytest.mark.parametrize(
    ("content", "mode"), [(None, 0), (bytes(31), 0o600), (b"", 0o600), (bytes(32), 0o644)], ids=str
)
async def test_a_root_key_that_is_missing_misshapen_or_open_to_everyone_is_no_root_key(
    tmp_path: Path, content: bytes | None, mode: int
) -> None:
    file = tmp_path / "root.key"
    if content is not None:
        file.write_bytes(content)
        file.chmod(mode)
    with pytest.raises(Unavailable) as refusal:
        await FileRootKey(file).ping()
    assert refusal.value.code == "root_key_unavailable"


async def test_a_root_key_that_comes_back_is_used_again(tmp_path: Path, root_key_file: Path) -> None:
    root_key = FileRootKey(tmp_path / "later.key")
    with pytest.raises(Unavailable):
        await root_key.ping()
    await asyncio.to_thread(root_key_file.rename, tmp_path / "later.key")
    await root_key.ping()
