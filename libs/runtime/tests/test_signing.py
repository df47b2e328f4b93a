"""A service's keys: read when needed, published by use, retired ones kept."""

import json
from pathlib import Path

import pytest
from recital_errors import Unavailable
from recital_identity import KeySet, SigningKey
from recital_runtime.signing import SigningKeys


def test_keys_are_published_by_use_with_the_retired_ones(tmp_path: Path) -> None:
    permit, order, retired = (SigningKey.generate() for _ in range(3))
    (tmp_path / "permit.pem").write_bytes(permit.pem())
    (tmp_path / "order.pem").write_bytes(order.pem())
    (tmp_path / "retired.jwks.json").write_text(json.dumps(KeySet.of(retired, use="permit").jwks()))
    keys = SigningKeys(tmp_path)
    assert keys.uses() == ["order", "permit"]
    assert keys["permit"].kid == permit.kid
    assert set(keys.keys("permit")) == {permit.kid, retired.kid}
    assert set(keys.keys()) == {permit.kid, order.kid, retired.kid}


def test_a_missing_key_is_never_replaced(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="signing_key_missing"):
        SigningKeys(tmp_path)["permit"]
