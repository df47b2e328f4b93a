"""Nothing that is not listed reaches a log."""

import json
import logging

import pytest
import structlog
from recital_runtime import logs

NUMBER = "+31612345678"


def test_fields_that_are_not_listed_are_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("consent")
    structlog.get_logger().info("request", route="/v1/calls", number=NUMBER, body={"name": NUMBER})
    line = capsys.readouterr().err
    assert NUMBER not in line
    assert json.loads(line) | {"timestamp": ""} == {
        "event": "request", "level": "info", "route": "/v1/calls", "service": "consent", "timestamp": "",
    }  # fmt: skip


def test_a_library_says_where_and_how_bad_but_not_what(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("consent")
    try:
        raise ValueError(NUMBER)
    except ValueError:
        logging.getLogger("some.library").exception("cannot store %s", NUMBER)
    line = capsys.readouterr().err
    assert NUMBER not in line
    assert json.loads(line)["error"] == "ValueError"
    assert json.loads(line)["kind"] == "some.library"
