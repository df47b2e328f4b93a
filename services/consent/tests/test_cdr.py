"""A provider's list of calls: every line is explained, and ends the calls it can end."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from recital_consent.actions import cdr
from recital_consent.decisions.cdr import heading_of, read_line
from recital_consent.model.cdr import BadLine, CdrImport, CdrLine, LineState
from recital_consent.model.completeness import Outcome
from recital_errors import NotFound
from recital_identity import Role

if TYPE_CHECKING:
    from services.consent.tests.conftest import Desk

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ENDED = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
HEADING = ("external_id", "number", "ended_at")


@pytest.mark.parametrize(
    ("text", "heading", "found"),
    [
        ("pbx-1,+31612345678,2026-03-01T10:00:00+01:00", HEADING, CdrLine(7, "pbx-1", ENDED)),
        ("pbx-1;0612345678;2026-03-01T09:00:00Z", HEADING, CdrLine(7, "pbx-1", ENDED)),
        ('"pbx ""1""",,', HEADING, CdrLine(7, 'pbx "1"', None)),
        ('{"external_id": " pbx-1 ", "ended_at": "2026-03-01T09:00:00Z"}', None, CdrLine(7, "pbx-1", ENDED)),
        (
            '{"external_id": "a", "answered_at": "2026-03-01T08:59:00Z", "duration_seconds": 60}',
            None,
            CdrLine(7, "a", ENDED),
        ),
        ('{"external_id": "a", "answered_at": "2026-03-01T08:59:00Z"}', None, CdrLine(7, "a", None)),
    ],
)
def test_a_line_says_which_call_and_when_it_ended(text: str, heading: Sequence[str] | None, found: CdrLine) -> None:
    assert read_line(7, text, heading, NOW) == found


@pytest.mark.parametrize(
    ("text", "heading", "about"),
    [
        ("pbx-1,1", HEADING, "cells"),
        ('"pbx', HEADING, "cells"),
        ("[1]", None, "JSON object"),
        ("{", None, "JSON object"),
        ('{"external_id": 5}', None, "external_id"),
        ('{"external_id": " "}', None, "external_id"),
        ('{"external_id": "a", "ended_at": "yesterday"}', None, "ended_at"),
        ('{"external_id": "a", "ended_at": "2026-03-01T09:00:00"}', None, "ended_at"),
        ('{"external_id": "a", "ended_at": "2026-03-03T09:00:00Z"}', None, "past"),
        ('{"external_id": "a", "answered_at": "2026-03-01T09:00:00Z", "duration_seconds": -1}', None, "duration"),
        ("x" * 70_000, None, "longer"),
    ],
)
def test_a_line_that_is_none_names_what_is_wrong_and_nothing_that_was_sent(
    text: str, heading: Sequence[str] | None, about: str
) -> None:
    found = read_line(7, text, heading, NOW)
    assert isinstance(found, BadLine)
    assert about in found.problem


def test_a_heading_names_the_external_id() -> None:
    assert heading_of("External_ID; Number ;ended_at") == ["external_id", "number", "ended_at"]
    assert heading_of("id,number") is None


# With the database.


async def came(desk: "Desk", *lines: str, is_csv: bool = True) -> CdrImport:
    async def each() -> AsyncIterator[str]:
        for line in lines:
            yield line

    import_id = await cdr.begin_import(desk.means, desk.tenant)
    who = desk.principal(Role.INTEGRATOR)
    await cdr.take_lines(desk.means, who, desk.tenant, import_id, each(), is_csv=is_csv)
    async with desk.database.transaction(desk.tenant) as tx:
        return await cdr.read_import(tx, import_id)


async def test_every_line_is_explained_and_the_report_follows_what_comes_later(desk: "Desk") -> None:
    await desk.ended_call("pbx-1")
    await desk.register("pbx-2", source=None)
    going_on = await desk.register("pbx-3", entries=(desk.notice(),))
    gone = await desk.ended_call("pbx-4")
    await desk.order_erasure(gone.id, "call")
    ended = desk.at(60).isoformat()
    found = await came(
        desk,
        "external_id,ended_at",
        f"pbx-1,{ended}",
        f"pbx-2,{ended}",
        f"pbx-3,{ended}",
        "",
        f"pbx-4,{ended}",
        f"pbx-5,{ended}",
        "broken",
    )
    assert (found.lines, found.ended, found.failed_code) == (6, 2, None)
    assert found.counts == {
        LineState.WAITING: 2,
        LineState.NOT_RECORDED: 1,
        LineState.ERASED: 1,
        LineState.UNKNOWN: 1,
        LineState.INVALID: 1,
    }
    assert await desk.count("alarms", "kind = 'calls_unknown'") == 1
    async with desk.database.transaction(desk.tenant) as tx:
        unknown = await cdr.report(tx, found.id, states=[LineState.UNKNOWN], after=0, most=9)
        assert [(each.line, each.call) for each in unknown] == [(7, None)]
        every = await cdr.report(tx, found.id, states=[], after=3, most=2)
        assert [(each.line, each.state) for each in every] == [(4, LineState.WAITING), (6, LineState.ERASED)]
        assert every[0].call == going_on.id
        with pytest.raises(NotFound):
            await cdr.report(tx, UUID(int=4), states=[], after=0, most=9)
        assert [each.id for each in await cdr.list_imports(tx, after=None, most=9)] == [found.id]
    await desk.ended_call("pbx-5")
    async with desk.database.transaction(desk.tenant) as tx:
        assert LineState.UNKNOWN not in (await cdr.read_import(tx, found.id)).counts


async def test_a_list_in_json_lines_ends_a_call_once(desk: "Desk") -> None:
    call = await desk.register("pbx-1", entries=(desk.notice(),))
    line = f'{{"external_id": "pbx-1", "answered_at": "{desk.at(0).isoformat()}", "duration_seconds": 60}}'
    first = await came(desk, line, is_csv=False)
    again = await came(desk, line, is_csv=False)
    assert (first.ended, again.ended) == (1, 0)
    entries, _ = await desk.write(call.id)
    assert (entries.ended_at, entries.completeness.outcome) == (desk.at(60), Outcome.WAITING)


async def test_a_list_without_the_heading_is_not_read_and_a_broken_one_keeps_what_came(desk: "Desk") -> None:
    assert (await came(desk, "id,number", "a,1")).failed_code == "heading_missing"
    import_id = await cdr.begin_import(desk.means, desk.tenant)
    await cdr.break_off(desk.means, desk.tenant, import_id)
    async with desk.database.transaction(desk.tenant) as tx:
        assert (await cdr.read_import(tx, import_id)).failed_code == "broken_off"
