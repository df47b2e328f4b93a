"""Which root key a process takes is said by its settings, from the environment, and by exactly one of them."""

import json
import secrets
from pathlib import Path

import pytest
from pydantic import ValidationError
from recital_errors import Unavailable
from recital_runtime import ServiceSettings
from recital_runtime.root_keys import root_key_of
from recital_vault import FileRootKey
from recital_vault.transit_key import TransitRootKey

NEEDED = {
    **dict.fromkeys(("DATABASE_HOST", "DATABASE_NAME", "OBJECT_ENDPOINT", "OBJECT_BUCKET", "TOKEN_ISSUER"), "x"),
    **dict.fromkeys(("APP_PASSWORD_FILE", "WORKER_PASSWORD_FILE", "BUS_SEED_FILE", "KEYS_PASSWORD_FILE"), "/x"),
    **dict.fromkeys(("OBJECT_ACCESS_KEY_FILE", "OBJECT_SECRET_KEY_FILE", "TOKEN_KEYS_FILE", "SIGNING_KEY_DIR"), "/x"),
    **dict.fromkeys(("BUS_URL", "CONSENT_URL", "INGEST_URL", "RETENTION_URL", "DSAR_URL"), "http://127.0.0.1:1"),
    "PORT": "1",
}


def settings(monkeypatch: pytest.MonkeyPatch, **told: str) -> ServiceSettings:
    for name, value in (NEEDED | told).items():
        monkeypatch.setenv(name, value)
    return ServiceSettings()


def key_file(path: Path) -> str:
    path.write_bytes(secrets.token_bytes(32))
    path.chmod(0o600)
    return str(path)


async def test_a_retired_root_key_still_unwraps_and_wraps_no_more(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old, new = key_file(tmp_path / "old"), key_file(tmp_path / "new")
    wrapped = await FileRootKey(Path(old)).wrap(b"secret", b"whose")
    forgetful = root_key_of(settings(monkeypatch, ROOT_KEY_FILE=new))
    with pytest.raises(Unavailable, match="root_key_differs"):
        await forgetful.unwrap(wrapped, b"whose")
    root_key = root_key_of(settings(monkeypatch, ROOT_KEY_FILE=new, RETIRED_ROOT_KEY_FILES=json.dumps([old])))
    assert await root_key.unwrap(wrapped, b"whose") == b"secret"
    assert not await root_key.is_newest(wrapped)
    assert await root_key.is_newest(await root_key.wrap(b"secret", b"whose"))


def test_the_transit_engine_is_the_root_key_where_the_settings_name_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = settings(monkeypatch, TRANSIT_ADDRESS="http://127.0.0.1:1", TRANSIT_TOKEN_FILE=str(tmp_path / "token"))
    assert isinstance(root_key_of(told), TransitRootKey)


def test_the_keys_lie_on_a_server_of_their_own_where_one_is_named_under_the_same_tls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    beside = settings(monkeypatch, ROOT_KEY_FILE="/r", DATABASE_TLS="true").keys("ingest")
    assert (beside.host, beside.port, beside.schema, beside.verify_tls) == ("x", 5432, "ingest", True)
    apart = settings(monkeypatch, ROOT_KEY_FILE="/r", KEYS_HOST="y", KEYS_PORT="6432", DATABASE_TLS="").keys("ingest")
    assert (apart.host, apart.port, apart.verify_tls) == ("y", 6432, False)


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ({}, "exactly one of"),
        ({"ROOT_KEY_FILE": "/r", "TRANSIT_ADDRESS": "http://127.0.0.1:1"}, "exactly one of"),
        ({"TRANSIT_ADDRESS": "http://127.0.0.1:1"}, "transit_token_file is needed"),
        (
            {
                "TRANSIT_ADDRESS": "http://127.0.0.1:1",
                "TRANSIT_TOKEN_FILE": "/t",
                "RETIRED_ROOT_KEY_FILES": '["/old"]',
            },
            "go with root_key_file",
        ),
    ],
)
def test_no_root_key_or_two_of_them_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, str], wrong: str
) -> None:
    with pytest.raises(ValidationError, match=wrong):
        settings(monkeypatch, **told)
