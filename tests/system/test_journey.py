import io
import json
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from recital_testing.house import SERVICES, House
from recital_vault import ObjectStore
from rich.console import Console

from demo.journey import STEPS, Journey, Outcome, T
from demo.judging import faults_of
from demo.story import CHAPTERS
from demo.telling import Teller

CHANNELS = 2


def played_channels(wav: bytes) -> tuple[bytes, bytes]:
    """The two channels of a stereo mu-law file."""
    frames = wav[wav.index(b"data") + 8 :]
    return frames[0::CHANNELS], frames[1::CHANNELS]


def test_the_journey_ends_as_it_must(outcome: Outcome) -> None:
    assert faults_of(outcome) == []


def test_before_the_notice_only_the_notice_was_missing_and_the_answer_says_so_in_words(outcome: Outcome) -> None:
    [reason] = outcome.denied
    assert (reason["code"], reason["rule"], reason["party"]) == ("notice_missing", "R03", "customer")
    assert reason["text_nl"]
    assert reason["text_en"]


def test_what_came_in_is_what_was_sent(outcome: Outcome, walked_journey: Journey) -> None:
    recording, dialogue = outcome.recording, walked_journey.dialogue
    assert (recording.received_sha256, recording.size) == (dialogue.sha256, len(dialogue.wav))
    assert [track["parties"] for track in recording.tracks] == [["customer"], ["staff"]]


def test_every_certificate_names_each_place_with_a_proof_and_how_long_anything_can_linger(outcome: Outcome) -> None:
    for certificate in outcome.certificates.values():
        assert certificate.places
        assert all(place["method"] and place["absent_at"] for place in certificate.places)
        assert certificate.claims["beneath"]["cannot_return_after"]


def test_the_recordings_certificate_covers_its_sealed_tracks_and_their_keys(outcome: Outcome) -> None:
    certificate = outcome.certificates[f"recording {outcome.recording.id}"]
    kinds = [place["kind"] for place in certificate.places]
    assert kinds.count("object") >= CHANNELS
    assert kinds.count("key") >= CHANNELS
    assert "rows" in kinds


async def test_what_a_certificate_calls_gone_is_gone_from_the_store_and_from_the_keys(
    outcome: Outcome, house: House
) -> None:
    places = [place for each in outcome.certificates.values() for place in each.places]
    store = await ObjectStore.open(house.servers.objects.settings())
    try:
        for place in places:
            if place["kind"] == "object":
                assert await store.absent(place["id"])
    finally:
        store.close()
    keys = await house.servers.postgres.connect("keys")
    try:
        left = [
            row[0]
            for service in SERVICES
            for row in await keys.fetch(
                f"select id from {service}.data_keys where id = any($1::uuid[])", ids_of(places)
            )
        ]
    finally:
        await keys.close()
    assert left == []


def ids_of(places: list[dict[str, str]]) -> list[UUID]:
    return [UUID(place["id"]) for place in places if place["kind"] == "key"]


def test_the_package_holds_the_audio_with_the_employees_voice_muted(outcome: Outcome, walked_journey: Journey) -> None:
    [wav] = [content for name, content in outcome.package.contents.items() if name.endswith(".wav")]
    customer, staff = played_channels(wav)
    sent_customer, _ = played_channels(walked_journey.dialogue.wav)
    assert customer == sent_customer
    assert set(staff) == {0xFF}  # mu-law's zero


def test_the_package_tells_in_html_and_json_what_is_held(outcome: Outcome, walked_journey: Journey) -> None:
    contents = outcome.package.contents
    assert b"<html" in contents["index.html"]
    data = {name: json.loads(content) for name, content in contents.items() if name.endswith(".json")}
    assert {f"data/{service}.json" for service in ("consent", "ingest", "retention")} <= set(data)
    assert walked_journey.number in json.dumps(data["data/consent.json"])


def test_every_ledger_grew_holds_what_was_promised_and_is_signed_by_its_keeper(outcome: Outcome) -> None:
    proved = {each.log: each for each in outcome.proved}
    assert set(proved) == {"consent", "access", "erasure", "requests"}
    assert all(each.size > 0 for each in proved.values())
    assert proved["consent"].since > 0
    assert len(proved["erasure"].included) == len(outcome.certificates)
    assert proved["access"].kinds["listening.granted"] >= 1


def test_what_ends_later_is_still_there_and_nothing_else(outcome: Outcome) -> None:
    assert outcome.rest == {"request": 1, "identity": 1}


def test_the_customers_identity_ends_with_the_last_thing_that_needed_it_and_the_employees_does_not(
    outcome: Outcome,
) -> None:
    identities = [name for name in outcome.certificates if name.startswith("identity ")]
    assert identities == [f"identity {outcome.recording.customer}"]
    assert outcome.rest["identity"] == 1


@pytest.mark.parametrize("service", SERVICES)
async def test_nothing_is_left_that_a_person_must_look_at(outcome: Outcome, house: House, service: str) -> None:
    connection = await house.servers.postgres.connect(service)
    try:
        alarms = await connection.fetch("select kind, detail from alarms where tenant_id = $1", outcome.tenant)
        letters = await connection.fetch("select subject, code from dead_letters where tenant_id = $1", outcome.tenant)
        assert [tuple(each) for each in [*alarms, *letters]] == []
    finally:
        await connection.close()


def test_every_step_is_told() -> None:
    assert tuple(CHAPTERS) == STEPS


async def test_a_second_journey_in_an_open_tenant_is_told_to_its_end_in_lines_that_can_be_read(
    outcome: Outcome, house: House
) -> None:
    console = Console(width=120, record=True, file=io.StringIO(), highlight=False)
    journey = Journey(house, "told", tenant=outcome.tenant)
    second = await journey.walk(Teller(console))
    await journey.ask.close()
    assert faults_of(second) == []
    assert second.purpose.version > outcome.purpose.version
    told = console.export_text()
    assert "R03" in told
    assert max(map(len, told.splitlines())) <= 88


async def test_a_step_begun_again_does_nothing_twice(house: House, run_named: Callable[[str], str]) -> None:
    # The officer's decision and the one-time code are for once; asking again is refused, and tested where they are.
    once = {"give", "fetch"}

    async def again(step: str, act: Callable[[], Awaitable[T]]) -> T:
        first = await act()
        return first if step in once else await act()

    journey = Journey(house, run_named("twice"))
    outcome = await journey.walk(again)
    await journey.ask.close()
    assert faults_of(outcome) == []
