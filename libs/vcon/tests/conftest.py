"""A call as a vCon, and how the properties are tried: a slow machine is not a wrong answer."""

import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from recital_vcon import (
    Anonymous,
    Basis,
    Conversation,
    Event,
    Grant,
    LawfulBasis,
    Party,
    PartyEvent,
    Proof,
    ProofType,
    Recording,
    Redaction,
    VCon,
    content_hash,
    vcon_uuid,
)

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

START = datetime(2026, 11, 20, 10, tzinfo=UTC)
NAME = vcon_uuid(UUID("019aa000-0000-7123-8000-000000000001"), "recorder.example")


def build(**changed: Any) -> VCon:
    told = Proof(ProofType.SYSTEM, START, {"system": "recital", "notice_text_sha256": "0" * 64})
    ground = LawfulBasis(Basis.CONTRACT, (Grant("contract_evidence", granted=True, granted_at=START),), (told,))
    facts: dict[str, Any] = {
        "uuid": NAME,
        "created_at": START + timedelta(days=1),
        "redacted": Redaction("others"),
        "parties": [Party("customer", "person", name="A. Person", tel="+31612345678"), Anonymous("agent", "person")],
        "conversation": Conversation(
            START, 60.0, [0, 1], [PartyEvent(0, START + timedelta(seconds=9), Event.HOLD)], originator=1
        ),
        "recordings": [Recording(START + timedelta(seconds=4), 30.5, [0, 1], "audio/one.wav", content_hash(bytes(64)))],
        "grounds": [(0, START, ground)],
    }
    return VCon(**{**facts, **changed})


@pytest.fixture(scope="session")
def call() -> Callable[..., VCon]:
    """Make the usual call, or one with other members."""
    return build


@pytest.fixture
def document() -> dict[str, Any]:
    return copy.deepcopy(build().as_json())
