"""On which grounds a request may be refused as a whole; each is told to the person, with the complaint route (R16)."""

from recital_errors import Reason

from recital_dsar.model import Request, RequestKind

ANY = frozenset({"unfounded", "excessive", "repeats_open_request", "not_identified", "withdrawn"})
OF_KIND = {
    RequestKind.PORTABILITY: frozenset({"basis_not_portable"}),
    RequestKind.RESTRICTION: frozenset({"no_restriction_ground"}),
    RequestKind.RECTIFICATION: frozenset({"data_correct"}),
}


def may_refuse(request: Request, ground: str) -> Reason | None:
    """Return why a request cannot be refused on a ground, or None.

    An erasure is refused item by item (R14), an objection by its own decision; a repetition needs what it repeats.
    """
    if ground not in ANY | OF_KIND.get(request.kind, frozenset()):
        return Reason("ground_not_for_kind", "R16")
    if ground == "repeats_open_request" and request.repeats is None:
        return Reason("nothing_repeated", "R16")
    return None
