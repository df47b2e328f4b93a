"""The package: everything given and nothing else, sealed as it is streamed, inert, and made anew after any failure."""

import hashlib
import io
import json
import zipfile
from html.parser import HTMLParser
from typing import Any

import pytest
from recital_testing import eventually

HOSTILE = {
    "name": "<script>alert(1)</script>",
    "formula": "=HYPERLINK(1)",
    "turned": "abc\u202edcb",
    "path": "../../etc/passwd",
    "long": "x" * 10_000,
    '"><img src=x onerror=alert(1)>': "{{ 7 * 7 }}",
}


def opened(content: bytes) -> zipfile.ZipFile:
    package = zipfile.ZipFile(io.BytesIO(content))
    assert package.testzip() is None
    return package


class Tags(HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str, str | None]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(tag, name, value) for name, value in attrs}


async def test_the_package_holds_all_that_is_given_with_checksums(office: Any) -> None:
    # R12: a copy of the sound too, not leave to listen.
    package = opened((await office.fetch(*await office.ready())).content)
    assert set(package.namelist()) == {
        f"audio/{office.recording}.wav",
        f"vcons/{office.call}.vcon",
        "data/consent.json",
        "data/ingest.json",
        "data/request.json",
        "index.html",
        "SHA256SUMS",
    }
    assert package.read(f"audio/{office.recording}.wav") == office.wav
    consent = json.loads(package.read("data/consent.json"))
    assert [each["kind"] for each in consent["items"]] == ["identity", "call"]
    assert consent["items"][0]["name"] == "A. Person"
    for line in package.read("SHA256SUMS").decode().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256(package.read(name)).hexdigest() == digest
    facts = json.loads(package.read("data/request.json"))
    assert [(each["recording"], each["mute"]) for each in facts["recordings"]] == [(office.recording, ["agent"])]


async def test_a_package_is_made_also_when_seconds_since_1970_need_more_than_32_bits(office: Any) -> None:
    await office.move_clock("15 years")
    package = opened((await office.fetch(*await office.ready())).content)
    assert {member.date_time[0] >= 2038 for member in package.infolist()} == {True}


async def test_every_other_voice_is_muted_by_ingest_under_a_grant_of_the_request(office: Any) -> None:
    request, _ = await office.ready()
    grants = [body for _, path, body in office.script.asked if path == f"/v1/recordings/{office.recording}/grants"]
    assert [(each["purpose"], each["ticket"]) for each in grants] == [("subject_request", request)]
    (audio,) = [path for path in office.script.paths("ingest") if "/audio?" in path]
    assert audio.endswith("&mute=agent")


async def test_what_is_withheld_is_not_in_the_package_but_its_reason_is(office: Any) -> None:
    request, code = await office.reviewed()
    await office.post(f"/{request}/decisions", {"filter": {"service": "consent"}, "decision": "give"})
    withheld = {"filter": {"kind": "recording"}, "decision": "withhold", "ground": "Another person's <b>health</b>."}
    await office.post(f"/{request}/decisions", withheld)
    await office.post(f"/{request}/package")
    await office.until(request, "ready")
    package = opened((await office.fetch(request, code)).content)
    assert not any(name.startswith("audio/") for name in package.namelist())
    assert json.loads(package.read("data/ingest.json"))["items"] == []
    assert json.loads(package.read("data/request.json"))["withheld"][0]["ground"] == "Another person's <b>health</b>."
    page = package.read("index.html").decode()
    assert "Another person&#39;s &lt;b&gt;health&lt;/b&gt;." in page
    assert office.recording not in page


async def test_hostile_text_is_inert_in_the_page_and_in_file_names(office: Any) -> None:
    office.part("consent", {"kind": "identity", "id": office.asker, **HOSTILE})
    package = opened((await office.fetch(*await office.ready())).content)
    page = package.read("index.html").decode()
    seen = Tags()
    seen.feed(page)
    assert not seen.tags & {"script", "img", "iframe", "form", "object", "embed", "link", "base"}
    assert not any(name.startswith("on") or value in ("javascript:", "data:") for _, name, value in seen.attributes)
    links = {value for tag, name, value in seen.attributes if (tag, name) == ("a", "href")}
    assert links == {f"audio/{office.recording}.wav"}
    assert "49" not in page.split("{{")[1].split("}}")[0]
    assert all(".." not in name and not name.startswith("/") for name in package.namelist())
    assert json.loads(package.read("data/consent.json"))["items"][0]["path"] == HOSTILE["path"]
    assert "Verbeteringen" not in page


async def test_what_was_corrected_is_said_on_the_page_in_both_languages_and_escaped(office: Any) -> None:
    # R17: what was registered stands, and how it should be read stands beside it.
    mended = {"id": "1", "at": "2026-11-21T09:00:00Z", "text": "It is <b>spelt</b> Persoon."}
    spoken = {"kind": "rectification", "made_at": "2026-11-22T09:00:00Z", "text": "40, not 14."}
    remark = {"kind": "note", "made_at": "2026-11-23T09:00:00Z", "text": "A remark."}
    office.part("consent", {"kind": "identity", "id": office.asker, "name": "A. Person", "rectifications": [mended]})
    recording = {"kind": "recording", "id": office.recording, "call": office.call, "at": "2026-11-20T10:00:00Z"}
    office.part("ingest", {**recording, "parties": office.voices, "annotations": [remark, spoken]})
    page = opened((await office.fetch(*await office.ready())).content).read("index.html").decode()
    said = page[page.index("<h2>Verbeteringen / Corrections</h2>") : page.index("<h2>Gegevens / Data</h2>")]
    for expected in ("It is &lt;b&gt;spelt&lt;/b&gt; Persoon.", "40, not 14.", "2026-11-21T09:00:00Z", "2026-11-22"):
        assert expected in said
    for each in ("uw naam, nummers en adressen / your name", "een gespreksopname / a recording of a call"):
        assert each in said
    assert "A remark." not in said
    assert "<b>spelt" not in page


@pytest.mark.parametrize(("language", "first"), [("nl", "Uw gegevens"), ("en", "Your data")])
async def test_the_page_speaks_both_languages_and_the_persons_own_first(office: Any, language: str, first: str) -> None:
    request, code = await office.reviewed(language=language)
    await office.post(f"/{request}/decisions", {"all": True, "decision": "give"})
    await office.post(f"/{request}/package")
    await office.until(request, "ready")
    page = opened((await office.fetch(request, code)).content).read("index.html").decode()
    assert f"<h1>{first}</h1>" in page
    assert (page.index("Uitleg") < page.index("Explanation")) is (language == "nl")
    assert "Autoriteit Persoonsgegevens" in page


async def test_a_person_of_whom_nothing_is_known_gets_a_package_that_says_so(office: Any) -> None:
    office.script.subjects = []
    for service in ("consent", "ingest", "retention"):
        office.part(service)
    request, code = await office.reviewed()
    assert (await office.post(f"/{request}/package")).status_code == 202
    await office.until(request, "ready")
    package = opened((await office.fetch(request, code)).content)
    assert set(package.namelist()) == {"data/request.json", "index.html", "SHA256SUMS"}


async def test_no_package_before_every_item_is_decided(office: Any) -> None:
    request, _ = await office.reviewed()
    answer = await office.post(f"/{request}/package")
    assert (answer.status_code, answer.json()["code"]) == (409, "items_undecided")


async def test_the_package_is_announced_as_a_copy_with_its_places_and_end(office: Any) -> None:
    request, _ = await office.ready()
    shown = (await office.show(request))["package"]
    (copy,) = await office.events("copy.registered")
    assert (copy["holding"], copy["kind"], copy["ends_with"]) == (shown["id"], "package", None)
    assert copy["subjects"] == [office.asker]
    assert set(copy["contains"]) == {office.recording, office.call, office.asker}
    assert {each["kind"] for each in copy["places"]} == {"key", "object"}
    assert copy["ends_at"] == shown["ends_at"]
    (row,) = await office.rows("select object_key, key_id, places from packages")
    assert row.object_key.startswith("dsar/")
    stored = b"".join([piece async for piece in office.runtime.vault.objects.get(row.object_key)])
    for plain in (b"index.html", b"A. Person", b"PK\x03\x04", office.wav[:64]):
        assert plain not in stored


async def test_a_silent_ingest_delays_the_package_and_leaves_nothing_behind(office: Any) -> None:
    request, code = await office.reviewed()
    await office.post(f"/{request}/decisions", {"all": True, "decision": "give"})
    office.script.silent = {"ingest"}
    await office.post(f"/{request}/package")

    async def blocked() -> bool:
        return any(each["code"] == "ingest_unavailable" for each in (await office.show(request))["blocked_by"])

    await eventually(blocked)
    office.script.silent = set()
    await office.until(request, "ready")
    (row,) = await office.rows("select places, object_key, key_id from packages")
    old = [where for kind, where in row.places if kind == "object" and where != row.object_key]
    assert old
    for object_key in old:
        assert await office.runtime.vault.objects.absent(object_key)
    keys = [where for kind, where in row.places if kind == "key" and where != str(row.key_id)]
    assert await office.runtime.vault.keys.absent(office.tenant, keys)
    assert opened((await office.fetch(request, code)).content)


async def test_a_voice_that_cannot_be_muted_goes_back_to_the_officer(office: Any) -> None:
    request, _ = await office.reviewed()
    await office.post(f"/{request}/decisions", {"all": True, "decision": "give"})
    office.script.grant_status[office.recording] = 409
    await office.post(f"/{request}/package")
    shown = await office.until(request, "review")
    assert shown["items"]["decided"] == 2
    listed = (await office.get(f"/{request}/items")).json()["items"]
    assert [each["trouble"] for each in listed if each["kind"] == "recording"] == ["not_separable"]
    assert "package_lost" in await office.alarms()
    office.script.grant_status.clear()
    withheld = {"filter": {"undecided": True}, "decision": "withhold", "ground": "One track, two voices."}
    assert (await office.post(f"/{request}/decisions", withheld)).json()["decided"] == 1
    await office.post(f"/{request}/package")
    await office.until(request, "ready")


async def test_a_recording_that_was_erased_meanwhile_is_named_and_left_out(office: Any) -> None:
    request, code = await office.reviewed()
    await office.post(f"/{request}/decisions", {"all": True, "decision": "give"})
    office.script.grant_status[office.recording] = 410
    await office.post(f"/{request}/package")
    await office.until(request, "ready")
    package = opened((await office.fetch(request, code)).content)
    assert not any(name.startswith("audio/") for name in package.namelist())
    assert "erased meanwhile" in package.read("index.html").decode()


async def test_asking_again_while_it_is_made_or_ready_changes_nothing(office: Any) -> None:
    request, _ = await office.ready()
    again = await office.post(f"/{request}/package")
    assert (again.status_code, again.json()["state"]) == (202, "ready")
    assert len(await office.rows("select id from packages")) == 1
