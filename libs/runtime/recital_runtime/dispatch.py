"""Which route a request is for, without asking every route: a service has a hundred, and each asks a pattern.

Routes are indexed by what can be told from their template at once: the method, how many segments, the first two.
Whatever is not found here is left to the router, which then asks them one by one (another method: 405; nothing: 404).
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NoReturn

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Receive, Scope, Send

_Shape = tuple[str, int, str, str]


class Dispatch(BaseRoute):
    """Stands before all routes of an application and finds the one that a request is for."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        """Index them; of two that fit the first counts, as with the router."""
        self._index: defaultdict[_Shape, list[APIRoute]] = defaultdict(list)
        for route in routes:
            if isinstance(route, APIRoute) and _is_indexed(route.path):
                for method in route.methods or ():
                    self._index[_shape(method, route.path)].append(route)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return the one route that fits wholly, or none."""
        if scope["type"] == "http" and not scope.get("root_path"):
            for route in self._index.get(_shape(scope["method"], scope["path"]), ()):
                match, found = route.matches(scope)
                if match is Match.FULL:
                    return match, found
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request with the route that was found."""
        await scope["route"].handle(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> NoReturn:
        """Leave that to the routes themselves."""
        raise NoMatchFound(name, path_params)


def _shape(method: str, path: str) -> _Shape:
    segments = path.split("/")
    first, second = (*segments[1:3], "", "")[:2]
    return method, len(segments), first, second


def _is_indexed(path: str) -> bool:
    return ":path}" not in path and not any("{" in segment for segment in path.split("/")[:3])
