"""A hot route that computes and touches no database: one JSON body and one who asks in, one model out.

Its guard, its refusals and its page in the OpenAPI document are those of any route. What it does without is what the
framework works out anew on every request: which dependencies there are, and what an answer's fields may be.
"""

import json
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import HTTPException, RequestValidationError
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from recital_runtime.access import Guard, GuardedRoute, Handles, principal_of

_NOTHING = {"type": "missing", "loc": ("body",), "msg": "Field required", "input": None}


class DirectRoute(GuardedRoute):
    """A route whose endpoint takes a body and `authenticated` principal, and returns the model it is annotated with."""

    def handles(self) -> Handles:
        """Return the handler. Raises ValueError for an endpoint of another shape."""
        asks, answers, endpoint = self.dependant, self.response_model, self.endpoint
        others = (asks.path_params, asks.query_params, asks.header_params, asks.cookie_params)
        if len(asks.body_params) != 1 or len(asks.dependencies) != 1 or any(others):
            raise ValueError(f"{self.path} takes more than a body and who asks")
        (body,), (who,) = asks.body_params, asks.dependencies
        given: object = who.call
        if who.name is None or not isinstance(given, Guard) or not given.gives_principal:
            raise ValueError(f"{self.path} is not given who asks")
        if not all(
            isinstance(each, type) and issubclass(each, BaseModel) for each in (body.field_info.annotation, answers)
        ):
            raise ValueError(f"{self.path} takes or answers no model")
        taken, by, status = body.name, who.name, self.status_code or 200

        async def handler(request: Request) -> Response:
            said, wrong = body.validate(await _sent(request), {}, loc=("body",))
            if wrong:
                raise RequestValidationError(wrong)
            answer = await endpoint(**{taken: said, by: principal_of(request)})
            return Response(answer.__pydantic_serializer__.to_json(answer), status, media_type="application/json")

        return handler


async def _sent(request: Request) -> Any:
    """Return what was sent. Raises what the framework would: its handlers make problems of it."""
    try:
        sent = await request.body()
        said: Any = json.loads(sent) if sent and _is_json(request.headers.get("content-type", "")) else sent
    except json.JSONDecodeError as wrong:
        error = {"type": "json_invalid", "loc": ("body", wrong.pos), "msg": "JSON decode error"}
        raise RequestValidationError([error]) from None
    except (ClientDisconnect, ValueError, RecursionError):
        raise HTTPException(400, "There was an error parsing the body") from None
    if not sent:
        raise RequestValidationError([_NOTHING])
    return said


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
