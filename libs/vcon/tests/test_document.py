"""What is written is a vCon, can be read back, and names nobody it should not."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from recital_errors import Malformed
from recital_vcon import Attachment, Conversation, Recording, VCon, content_hash, read_vcon

START = datetime(2026, 11, 20, 10, tzinfo=UTC)
Call = Callable[..., VCon]


def test_what_is_written_reads_back_the_same(call: Call) -> None:
    assert read_vcon(call().write()) == call().as_json()


def test_a_call_has_its_recordings_in_a_set_with_who_came_and_went(call: Call) -> None:
    conversation, recording = call().as_json()["dialog"]
    assert conversation["type"] == "recording-set"
    assert (conversation["recordings"], recording["recording_set"]) == ([1], 0)
    assert conversation["party_history"] == [{"party": 0, "time": "2026-11-20T10:00:09Z", "event": "hold"}]
    assert "body" not in recording
    assert recording["content_hash"].startswith("sha512-")


def test_a_call_that_was_never_recorded_is_one_too(call: Call) -> None:
    document = call(recordings=(), conversation=Conversation(START, None, [0, 1])).as_json()
    assert [each["type"] for each in document["dialog"]] == ["recording-set"]
    assert "duration" not in document["dialog"][0]


def test_another_party_is_told_by_role_alone(call: Call) -> None:
    assert call().as_json()["parties"][1] == {"name": "anonymous", "type": "person", "role": "agent"}


def test_a_name_states_how_it_was_validated(call: Call) -> None:
    assert call().as_json()["parties"][0]["validation"] == "none"


def test_the_ground_is_an_attachment_of_its_extension_bound_to_this_vcon(call: Call) -> None:
    document = call().as_json()
    assert document["extensions"] == ["CC", "lawful_basis"]
    [attachment] = document["attachments"]
    assert (attachment["purpose"], attachment["encoding"]) == ("lawful_basis", "json")
    assert attachment["body"]["metadata"] == {"vcon": document["uuid"]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"parties": []},
        {"recordings": [Recording(START, 1, [7], "a.wav", content_hash(bytes(64)))]},
        {"recordings": [Recording(START, -1, [0], "a.wav", content_hash(bytes(64)))]},
        {"recordings": [Recording(START, 1, [0], "a.wav", "sha512-short")]},
        {"attachments": [Attachment("lawful_basis", START, 0, {"lawful_basis": "because"})]},
    ],
    ids=["nobody", "a party that is none", "a negative duration", "no hash", "no basis"],
)
def test_what_is_no_vcon_is_not_written(call: Call, wrong: dict[str, Any]) -> None:
    with pytest.raises(Malformed) as caught:
        call(**wrong).write()
    assert caught.value.code == "vcon_malformed"
    assert caught.value.fields


def test_an_instant_without_a_zone_is_not_written(call: Call) -> None:
    with pytest.raises(ValueError, match="zone"):
        call(created_at=datetime(2026, 11, 20)).write()  # noqa: DTZ001 - the fault that is tried


def test_hostile_text_stays_text(call: Call) -> None:
    name = '</script><img src=x>=1+1\u202eabc../../"'
    written = call(subject=name).write()
    assert json.loads(written)["subject"] == name
