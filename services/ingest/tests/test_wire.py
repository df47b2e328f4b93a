"""The headers and settings that are read by hand."""

import base64
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from recital_errors import Malformed
from recital_ingest.actions.crashpoints import Crash, CrashPoint
from recital_ingest.api.digests import digests_of
from recital_ingest.api.ranges import MOST, ranges_of
from recital_ingest.decisions.patience import FIRST, LONGEST, wait_after
from recital_ingest.settings import Settings

SHORT = base64.b64encode(hashlib.sha256(b"x").digest()).decode()
LONG = base64.b64encode(hashlib.sha512(b"x").digest()).decode()


def test_the_digests_we_can_check_are_read_and_others_are_passed_over() -> None:
    read = digests_of(f"md5=:abcd:, sha-256=:{SHORT}:,sha-512=:{LONG}:")
    assert (read.sha256, read.sha512) == (hashlib.sha256(b"x").digest(), hashlib.sha512(b"x").digest())
    assert not digests_of(None).stated
    assert not digests_of("md5=:abcd:").stated


@pytest.mark.parametrize(
    "header", ["", "sha-256", f"sha-256={SHORT}", "sha-256=:abcd:", "sha-256=:a:", "SHA-256=:abcd:"]
)
def test_a_digest_that_cannot_be_read_is_refused(header: str) -> None:
    with pytest.raises(Malformed) as refused:
        digests_of(header)
    assert refused.value.code == "digest_malformed"


@pytest.mark.parametrize(
    ("header", "ranges"),
    [
        (None, None),
        ("bytes=0-9", [(0, 10)]),
        ("Bytes = 0-9", [(0, 10)]),
        ("bytes=90-", [(90, 100)]),
        ("bytes=90-500", [(90, 100)]),
        ("bytes=-10", [(90, 100)]),
        ("bytes=-500", [(0, 100)]),
        ("bytes=-0", []),
        ("bytes=100-", []),
        ("bytes=9-0", []),
        ("bytes=0-9,200-300,20-29", [(0, 10), (20, 30)]),
        ("bytes=20-29,0-9", [(20, 30), (0, 10)]),
        ("bytes=0-9,5-20", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=", None),
        ("lines=0-9", None),
        ("bytes=" + ",".join(f"{n}-{n}" for n in range(0, 2 * MOST + 2, 2)), None),
        ("bytes=" + " " * 1_000, None),
    ],
)
def test_ranges_are_read_as_the_standard_says(header: str | None, ranges: list[tuple[int, int]] | None) -> None:
    assert ranges_of(header, 100) == ranges


@given(st.text(max_size=60), st.integers(0, 200))
def test_any_range_header_gives_ranges_in_the_file_or_the_whole(header: str, size: int) -> None:
    for start, stop in ranges_of("bytes=" + header, size) or []:
        assert 0 <= start < stop <= size


def test_waiting_grows_to_an_hour_and_no_further() -> None:
    waits = [wait_after(tries) for tries in range(1, 40)]
    assert waits[0] == FIRST
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST == timedelta(hours=1)


def settings(**changes: Any) -> Settings:
    nowhere = dict.fromkeys(
        (
            *("app_password_file", "worker_password_file", "bus_seed_file", "object_access_key_file"),
            *("object_secret_key_file", "keys_password_file", "root_key_file", "token_keys_file", "signing_key_dir"),
        ),
        Path("/nowhere"),
    )
    texts = dict.fromkeys(
        (
            *("database_host", "database_name", "bus_url", "object_endpoint", "object_bucket", "token_issuer"),
            *("consent_url", "ingest_url", "retention_url", "dsar_url"),
        ),
        "nowhere",
    )
    return Settings(port=1, **(nowhere | texts | changes))


def test_a_crash_point_is_for_local_mode_only() -> None:
    assert settings().crash_at is None
    assert settings(local_mode=True, crash_at="C4").crash_at is CrashPoint.C4
    with pytest.raises(ValidationError, match="local mode only"):
        settings(crash_at="C4")


def test_without_a_crash_point_nothing_crashes() -> None:
    for point in CrashPoint:
        Crash(None)(point)
