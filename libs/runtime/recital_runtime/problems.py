"""The one place where an error becomes an HTTP answer: a problem document (RFC 9457), for every kind of error.

A document has a stable `code`; a refusal lists the rules that failed with their text and source. Internals never leak.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from recital_errors import (
    Conflict,
    FieldError,
    Forbidden,
    Gone,
    Malformed,
    NotFound,
    PreconditionFailed,
    Reason,
    RecitalError,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
    UnsupportedMedia,
)
from recital_rules import rule
from starlette.exceptions import HTTPException

log = structlog.get_logger()

STATUS: Mapping[type[RecitalError], int] = {
    Malformed: 422,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Gone: 410,
    PreconditionFailed: 412,
    TooLarge: 413,
    UnsupportedMedia: 415,
    TooMany: 429,
    Unavailable: 503,
}
MEDIA_TYPE = "application/problem+json"


class Problem(JSONResponse):
    """A problem document."""

    media_type = MEDIA_TYPE


def install(app: FastAPI) -> None:
    """Make every error of the application a problem document."""
    app.add_exception_handler(RecitalError, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _failed)


def problem_of(error: RecitalError) -> Problem:
    """Return the answer that an error is; one of no listed type is a failure of ours (500)."""
    status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)
    headers = {"Cache-Control": "no-store"}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="recital"'
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    return Problem(_document(status, error), status_code=status, headers=headers)


def _document(status: int, error: RecitalError) -> dict[str, Any]:
    document: dict[str, Any] = {
        "type": f"urn:recital:problem:{error.code}",
        "title": (type(error).__doc__ or "").splitlines()[0],
        "status": status,
        "code": error.code,
        "detail": error.detail,
    }
    if error.reasons:
        document["reasons"] = [reason_view(reason) for reason in error.reasons]
    if error.fields:
        document["fields"] = [{"field": each.field, "problem": each.problem} for each in error.fields]
    return document


def reason_view(reason: Reason) -> dict[str, Any]:
    """Return a failed rule as answers show it: code, party and purpose, and the rule's id, text and source."""
    view: dict[str, Any] = {"code": reason.code, "rule": reason.rule, "party": reason.party, "purpose": reason.purpose}
    if reason.rule is not None:
        law = rule(reason.rule)
        view |= {"text_nl": law.text_nl, "text_en": law.text_en, "source": law.source if law.citable else None}
    return {name: value for name, value in view.items() if value is not None}


async def _refused(_request: Request, error: Exception) -> Problem:
    if not isinstance(error, RecitalError):
        raise error
    return problem_of(error)


async def _malformed(_request: Request, error: Exception) -> Problem:
    if not isinstance(error, RequestValidationError):
        raise error
    # What was sent is never sent back: it may be personal data.
    fields = [FieldError(_path(each["loc"]), str(each["msg"])) for each in error.errors()]
    return problem_of(Malformed("request_malformed", "Some fields are not as they must be.", fields=fields))


async def _http(_request: Request, error: Exception) -> Problem:
    if not isinstance(error, HTTPException):
        raise error
    named = {404: NotFound(), 405: None, 400: Malformed("request_unreadable", "The request cannot be read.")}
    known = named.get(error.status_code)
    if isinstance(known, NotFound):
        return problem_of(known)
    code = known.code if known else "method_not_allowed" if error.status_code == 405 else "http_error"
    detail = known.detail if known else str(error.detail)
    document = {
        "type": f"urn:recital:problem:{code}",
        "title": str(error.detail),
        "status": error.status_code,
        "code": code,
        "detail": detail,
    }
    return Problem(document, status_code=error.status_code, headers=dict(error.headers or {}))


async def _failed(_request: Request, error: Exception) -> Problem:
    log.error("request_failed", error=type(error).__name__)
    document = {
        "type": "urn:recital:problem:internal",
        "title": "Something went wrong on our side.",
        "status": 500,
        "code": "internal",
        "detail": "Something went wrong on our side; nothing was changed.",
    }
    return Problem(document, status_code=500, headers={"Cache-Control": "no-store"})


def _path(location: tuple[int | str, ...]) -> str:
    kind, *inner = location
    return ".".join(str(each) for each in inner) or str(kind)
