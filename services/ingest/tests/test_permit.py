from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from recital_errors import Forbidden
from recital_ingest.model.permit import Permit, Stretch, permit_of, spans_of

MakeClaims = Callable[..., dict[str, Any]]
AT = "2026-11-24T09:00:0{}+00:00"


def test_a_permit_is_read_from_its_claims(claims: MakeClaims) -> None:
    permit = permit_of(claims())
    assert permit.id == UUID(int=1)
    assert permit.channels == {0, 1}
    assert permit.spans == {"contract": ((0, 10_000),)}
    assert permit.stretches == (Stretch(offset=0, at=0, length=10_000_000),)
    assert [party.party for party in permit.parties] == ["customer", "agent"]
    assert permit.purposes[0].key == "contract"


def test_r06_a_recording_that_a_party_made_says_so(claims: MakeClaims) -> None:
    theirs = [each | {"recorded": each["party"] == "customer"} for each in claims()["parties"]]
    assert {each.party for each in permit_of(claims(parties=theirs)).parties if each.recorded} == {"customer"}
    assert not any(each.recorded for each in permit_of(claims()).parties)


def test_segments_say_which_part_of_the_file_is_which_part_of_the_call(claims: MakeClaims) -> None:
    segments = [
        {"starts_at": AT.format(1), "offset_ms": 0, "duration_ms": 2_000},
        {"starts_at": AT.format(6), "offset_ms": 2_000, "duration_ms": 1_500},
    ]
    permit = permit_of(claims(segments=segments, audio_started_at=None))
    assert permit.stretches == (Stretch(0, 1_000_000, 2_000_000), Stretch(2_000_000, 6_000_000, 1_500_000))


@pytest.mark.parametrize(
    "changes",
    [
        {"jti": "one"},
        {"parties": []},
        {"parties": [{"party": "a b", "kind": "staff", "channel": 0}]},
        {"parties": [{"party": "a", "kind": "staff", "channel": 8}]},
        {"answered_at": "2026-11-24T09:00:00"},
        {"audio_started_at": None},
        {"audio_ended_at": None},
        {"audio_ended_at": AT.format(0)},
        {"spans": [{"purposes": ["contract"], "spans": [[-1, 5]]}]},
        {"segments": []},
        {"segments": [{"starts_at": AT.format(1), "offset_ms": 0, "duration_ms": 0}]},
        {"segments": [{"starts_at": AT.format(s), "offset_ms": o, "duration_ms": 9} for s, o in ((2, 0), (1, 9))]},
        {"segments": [{"starts_at": AT.format(s), "offset_ms": o, "duration_ms": 9} for s, o in ((1, 9), (2, 9))]},
    ],
)
def test_a_permit_that_does_not_say_all_it_must_is_refused(claims: MakeClaims, changes: dict[str, Any]) -> None:
    with pytest.raises(Forbidden) as refused:
        permit_of(claims(**changes))
    assert refused.value.code == "permit_malformed"


def test_spans_as_consent_answers_them_are_read(claims: MakeClaims) -> None:
    read: Permit = permit_of(claims())
    assert spans_of([{"purposes": ["contract"], "spans": [[5_000, 10_000], [0, 5_000]]}]) == read.spans
    for wrong in (None, "spans", [{"purposes": ["contract"]}]):
        with pytest.raises(Forbidden):
            spans_of(wrong)
