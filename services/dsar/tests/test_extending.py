"""A request is extended by a letter that is out in time, and nobody waits for an answer in silence (R16)."""

from datetime import date
from typing import Any

from recital_identity import Role
from recital_testing import eventually

REASON = {"ground": "complex", "reason": "Your calls lie in four systems."}


def by_mail(address: str) -> dict[str, Any]:
    return {"channel": {"kind": "email", "address": address}}


async def before(office: Any, day: str) -> None:
    """Move the clock to two days before a day, and look."""
    now = office.database.clock.now().date()
    await office.move_clock(f"{(date.fromisoformat(day) - now).days - 2} days")
    office.runtime.wake("watch")


async def extended(office: Any, request: str) -> dict[str, Any]:
    async def in_force() -> dict[str, Any] | None:
        shown: dict[str, Any] = await office.show(request)
        return shown if shown["extended_at"] else None

    return await eventually(in_force)


async def test_an_extension_counts_from_the_moment_its_letter_is_out(office: Any) -> None:
    request = await office.receive(**by_mail("more.time@one.example"))
    answer = await office.post(f"/{request}/extension", REASON)
    assert (answer.status_code, answer.json()["extended_at"]) == (200, None)
    mail = await office.mail.mail("more.time@one.example", "meer tijd")
    assert REASON["reason"] in mail["text"]
    assert "Autoriteit Persoonsgegevens" in mail["text"]
    shown = await extended(office, request)
    assert shown["answer_by"] == shown["extended_due_on"] > shown["due_on"]
    again = await office.post(f"/{request}/extension", REASON)
    assert (again.status_code, again.json()["code"]) == (409, "extended_already")
    forbidden = await office.post(f"/{request}/extension", REASON, Role.AUDITOR)
    assert forbidden.status_code == 403


async def test_a_letter_by_post_that_is_out_too_late_extends_nothing(office: Any) -> None:
    request = await office.receive(channel={"kind": "letter", "address": "Street 1"})
    await office.post(f"/{request}/extension", REASON)
    listed = (await office.get(f"/{request}/letters")).json()
    letter = next(each["id"] for each in listed if each["kind"] == "extension")
    await office.move_clock("50 days")
    await office.post(f"/{request}/letters/{letter}/sent")
    assert (await office.show(request))["extended_at"] is None
    assert "extension_late" in await office.alarms()
    late = await office.receive(received_on=(await office.show(request))["received_on"])
    refused = await office.post(f"/{late}/extension", REASON)
    assert (refused.status_code, refused.json()["code"]) == (409, "first_date_passed")


async def test_a_collection_that_fails_for_ever_is_visible_and_its_letters_go_out_in_time(office: Any) -> None:
    address = "for.ever@one.example"
    request = await office.receive(**by_mail(address))
    await office.confirm(request)
    await office.hand_in(request, "consent", "retention")
    shown = await office.show(request)
    assert {"code": "part_missing", "service": "ingest", "count": None} in shown["blocked_by"]
    await before(office, shown["alarm_on"])
    await office.mail.mail(address, "meer tijd")
    shown = await extended(office, request)
    assert shown["extended_at"][:10] < shown["due_on"]
    assert "request_extended_by_itself" in await office.alarms()
    await before(office, shown["extension_alarm_on"])
    mail = await office.mail.mail(address, "nog niet beantwoord")
    assert "toezichthouder" in mail["text"]
    shown = await office.show(request)
    assert (shown["state"], shown["next_step"], shown["days_left"] >= 0) == ("collecting", "await_parts", True)


async def test_who_has_not_proved_who_they_are_is_told_so_in_time(office: Any) -> None:
    address = "unproved@one.example"
    request = await office.receive(**by_mail(address))
    await before(office, (await office.show(request))["alarm_on"])
    mail = await office.mail.mail(address, "meer tijd")
    assert "Wij kunnen niet vaststellen dat u het bent" in mail["text"]


async def test_who_must_show_who_they_are_does_not_lose_time_by_it(office: Any) -> None:
    request = await office.receive()
    left = (await office.show(request))["days_left"]
    await office.post(f"/{request}/identity", {"outcome": "asked"})
    await office.move_clock("20 days")
    office.runtime.wake("watch")
    shown = await office.show(request)
    assert shown["days_left"] >= left - 4
    assert "request_due_soon" not in await office.alarms()


async def test_who_does_not_answer_who_they_are_is_reminded_and_shown(office: Any) -> None:
    address = "silent@one.example"
    request = await office.receive(**by_mail(address))
    await office.post(f"/{request}/identity", {"outcome": "asked"})
    await office.move_clock("15 days")
    office.runtime.wake("watch")

    async def alarmed() -> bool:
        return "identity_unanswered" in await office.alarms()

    await eventually(alarmed)
    assert "identity_unanswered" in {each["code"] for each in (await office.show(request))["blocked_by"]}
    letters = [each["kind"] for each in (await office.get(f"/{request}/letters")).json()]
    assert letters == ["confirmation", "identity", "identity"]


async def test_how_limits_stand_is_measured(office: Any) -> None:
    await office.receive()
    office.runtime.wake("standings")

    async def measured() -> bool:
        value = office.runtime.metrics.registry.get_sample_value("recital_requests_open", {"standing": "in_time"})
        return bool(value == 1.0)

    await eventually(measured)
