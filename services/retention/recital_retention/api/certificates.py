"""An erasure certificate as a page that a person can read, in Dutch or English; the signed one is beside it.

Everything that is shown is escaped, and the page loads nothing from anywhere.
"""

from collections.abc import Mapping
from html import escape
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Response
from recital_identity import Permission
from recital_runtime import Caller, Router, requires

from recital_retention.actions import reading

Language = Literal["nl", "en"]
_ROWS = ("jti", "tenant", "kind", "holding", "ground", "order", "deletion_began_at", "erased_at", "certified_at",
         "control_sequence", "places_count", "places_sha256")  # fmt: skip
_WORDS: Mapping[str, Mapping[str, str]] = {
    "nl": {
        "title": "Bewijs van vernietiging",
        "jti": "Nummer van dit bewijs",
        "tenant": "Verwerkingsverantwoordelijke",
        "kind": "Wat is vernietigd",
        "holding": "Kenmerk daarvan",
        "ground": "Op welke grond",
        "order": "Opdracht",
        "deletion_began_at": "Vernietiging begonnen",
        "erased_at": "Laatste plaats leeg bevonden",
        "certified_at": "Bewijs ondertekend",
        "control_sequence": "Plaats in het controleregister",
        "places_count": "Aantal plaatsen",
        "places_sha256": "SHA-256 van de lijst van plaatsen",
        "places": "Plaatsen, elk leeg bevonden",
        "where": "Plaats", "how": "Hoe vastgesteld", "when": "Wanneer",
        "beneath": "Wat daarna nog kan liggen",
        "objects": "Onder de opslag", "key_backups": "Sleutels",
        "cannot_return_after": "Kan niet terugkomen na",
        "entry": "Regel in het vernietigingsregister",
        "signed": "De ondertekende vorm (JWS)",
        "too_many": "Te veel plaatsen om hier te noemen; de hash hierboven legt de lijst vast.",
    },
    "en": {
        "title": "Certificate of erasure",
        "jti": "Number of this certificate",
        "tenant": "Controller",
        "kind": "What was erased",
        "holding": "Its id",
        "ground": "On which ground",
        "order": "Order",
        "deletion_began_at": "Deletion began",
        "erased_at": "Last place found empty",
        "certified_at": "Certificate signed",
        "control_sequence": "Place in the control ledger",
        "places_count": "Number of places",
        "places_sha256": "SHA-256 of the list of places",
        "places": "Places, each found empty",
        "where": "Place", "how": "How it was found", "when": "When",
        "beneath": "What may still lie there afterwards",
        "objects": "Beneath the store", "key_backups": "Keys",
        "cannot_return_after": "Cannot come back after",
        "entry": "Entry in the erasure ledger",
        "signed": "The signed form (JWS)",
        "too_many": "Too many places to name here; the hash above stands for the list.",
    },
}  # fmt: skip
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
    words = _WORDS[language]
    facts = _table((words[name], claims[name]) for name in _ROWS) + _table([(words["entry"], entry)])
    listed = claims.get("places")
    places = _places(listed, words) if listed is not None else f"<p>{words['too_many']}</p>"
    beneath = _table((words[name], value) for name, value in claims["beneath"].items())
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f"<title>{words['title']}</title><style>{_STYLE}</style></head><body><main><h1>{words['title']}</h1>"
        f"{facts}<h2>{words['places']}</h2>{places}<h2>{words['beneath']}</h2>{beneath}"
        f"<h2>{words['signed']}</h2><p><code>{escape(token)}</code></p></main></body></html>\n"
    )


def _places(places: Any, words: Mapping[str, str]) -> str:
    head = "".join(f'<th scope="col">{words[name]}</th>' for name in ("where", "how", "when"))
    rows = "".join(
        f"<tr><td>{escape(each['kind'])} {escape(each['id'])}</td><td>{escape(each['method'])}</td>"
        f"<td>{escape(each['absent_at'])}</td></tr>"
        for each in places
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _table(rows: Any) -> str:
    cells = "".join(f'<tr><th scope="row">{name}</th><td>{escape(str(value))}</td></tr>' for name, value in rows)
    return f"<table><tbody>{cells}</tbody></table>"
