"""What an erasure certificate says (R14, R15): what, when, on which ground, each place with its proof, what may linger.

It names no person and makes no promise beyond what was found: absence of every place, and the last day on which
anything beneath the stores' own interfaces can still be there, unreadable without its key.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from recital_ledger import canonical, instant

from recital_retention.model import Json, Order, PlaceProof, Residue

ISSUER = "recital/retention"
CIPHERTEXT_UNTIL = "ciphertext without a key beneath the store (MinIO's trash, SeaweedFS's volumes) until "
NO_KEY_BACKUPS = "no key backups configured"
IN_BACKUPS_UNTIL = "in backups until "
MOST_PLACES = 24
"""More are named by their hash: a signed token has at most 8,192 bytes."""


def certificate_of(
    order: Order, places: Sequence[PlaceProof], *, certificate: UUID, tenant: UUID, now: datetime, residue: Residue
) -> dict[str, Json]:
    """Return the certificate's claims. `certified_at` is `now`; `erased_at` is when the last place was found empty.

    Raises ValueError where a place has no proof: nothing unproved is ever certified.
    """
    proved = [_place(each) for each in sorted(places, key=lambda each: (each.kind, each.id))]
    last = max(each.absent_at for each in places if each.absent_at is not None)
    claims: dict[str, Json] = {
        "iss": ISSUER,
        "jti": str(certificate),
        "iat": int(now.timestamp()),
        "tenant": str(tenant),
        "order": str(order.id),
        "holding": str(order.holding),
        "kind": order.kind,
        "ground": order.ground.value,
        "deletion_began_at": instant(order.ordered_at),
        "erased_at": instant(last),
        "certified_at": instant(now),
        "control_sequence": order.control_sequence,
        "places_count": len(proved),
        "places_sha256": hashlib.sha256(canonical(proved)).hexdigest(),
        "beneath": beneath(last, residue),
    }
    return claims | {"places": proved} if len(proved) <= MOST_PLACES else claims


def beneath(last: datetime, residue: Residue) -> dict[str, Json]:
    """Return what may still lie beneath the stores' interfaces and in backups, each with its last day (UTC)."""
    objects = _last_day(last, residue.store_residue_days)
    if residue.key_backup_days is None:
        keys, final = NO_KEY_BACKUPS, objects
    else:
        keys = f"{IN_BACKUPS_UNTIL}{_last_day(last, residue.key_backup_days)}"
        final = max(objects, _last_day(last, residue.key_backup_days))
    return {
        "objects": f"{CIPHERTEXT_UNTIL}{objects}",
        "key_backups": keys,
        "cannot_return_after": final.isoformat(),
    }


def _last_day(last: datetime, days: int) -> date:
    return (last.astimezone(UTC) + timedelta(days=days)).date()


def _place(place: PlaceProof) -> dict[str, Json]:
    if place.method is None or place.absent_at is None:
        raise ValueError("a place without a proof cannot be certified")
    return {"kind": place.kind, "id": place.id, "method": place.method, "absent_at": instant(place.absent_at)}
