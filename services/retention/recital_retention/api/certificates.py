"""An erasure certificate as a page that a person can read, in Dutch or English; the signed one is beside it.

Everything that is shown is escaped, and the page loads nothing from anywhere.
"""

from collections.abc import Mapping
from html import escape
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response
from recital_identity import Permission
from recital_runtime import Caller, Router, requires

from recital_retention.actions import reading
from recital_retention.api.certificate_words import WORDS, Language, said

_ROWS = ("jti", "tenant", "kind", "holding", "ground", "order", "deletion_began_at", "erased_at", "certified_at",
         "control_sequence", "places_count", "places_sha256")  # fmt: skip
_STYLE = (
    "body{font:1rem/1.5 sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}"
    "th{text-align:left;padding:.2rem 1rem .2rem 0;vertical-align:top}td{padding:.2rem 0;overflow-wrap:anywhere}"
    "code{overflow-wrap:anywhere}"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}


def certificate_routes() -> Router:
    """Return the route of the page."""
    router = Router(prefix="/v1/certificates", tags=["certificates"])

    @router.get(
        "/{certificate}/page",
        response_class=Response,
        responses={200: {"content": {"text/html": {}}, "description": "The certificate as a page."}},
    )
    async def read_page(
        certificate: UUID,
        caller: Annotated[Caller, requires(Permission.READ_CERTIFICATES)],
        language: Annotated[Language, Query()] = "nl",
    ) -> Response:
        """Show a certificate as a page."""
        token, claims, entry = await reading.certificate(caller.tx, certificate)
        return Response(page_of(token, claims, entry, language), media_type="text/html", headers=_HEADERS)

    return router


def page_of(token: str, claims: Mapping[str, Any], entry: UUID, language: Language) -> str:
    """Return the page, every value escaped."""
    words = WORDS[language]
    facts = _table((words[name], said(claims[name], language)) for name in _ROWS) + _table([(words["entry"], entry)])
    listed = claims.get("places")
    places = _places(listed, language) if listed is not None else f"<p>{words['too_many']}</p>"
    beneath = _table((words[name], said(value, language)) for name, value in claims["beneath"].items())
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f"<title>{words['title']}</title><style>{_STYLE}</style></head><body><main><h1>{words['title']}</h1>"
        f"{facts}<h2>{words['places']}</h2>{places}<h2>{words['beneath']}</h2>{beneath}"
        f"<h2>{words['signed']}</h2><p><code>{escape(token)}</code></p></main></body></html>\n"
    )


def _places(places: Any, language: Language) -> str:
    head = "".join(f'<th scope="col">{WORDS[language][name]}</th>' for name in ("where", "how", "when"))
    rows = "".join(
        f"<tr><td>{escape(said(each['kind'], language))} {escape(each['id'])}</td>"
        f"<td>{escape(said(each['method'], language))}</td>"
        f"<td>{escape(each['absent_at'])}</td></tr>"
        for each in places
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _table(rows: Any) -> str:
    cells = "".join(f'<tr><th scope="row">{name}</th><td>{escape(str(value))}</td></tr>' for name, value in rows)
    return f"<table><tbody>{cells}</tbody></table>"
