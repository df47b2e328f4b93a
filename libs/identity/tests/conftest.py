"""Two key pairs, an issuer, and a moment in time. Properties have no deadline: a slow machine is not a wrong answer."""

from datetime import UTC, datetime

import pytest
from hypothesis import settings
from recital_identity import KeySet, LocalIssuer, SigningKey

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def key() -> SigningKey:
    return SigningKey.generate()


@pytest.fixture(scope="session")
def other_key() -> SigningKey:
    return SigningKey.generate()


@pytest.fixture(scope="session")
def keys(key: SigningKey) -> KeySet:
    return KeySet.of(key)


@pytest.fixture(scope="session")
def issuer(key: SigningKey) -> LocalIssuer:
    return LocalIssuer(key, "https://login.example")


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
