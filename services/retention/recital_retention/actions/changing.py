"""A tenant's settings as they change: its zone, the window in which it destroys, and how long kinds are kept (R11).

A shorter time reaches what exists, a longer one does not, as with purposes.
"""

from zoneinfo import ZoneInfo

from recital_database import NotYet, Transaction
from recital_errors import Malformed, PermanentError
from recital_events import HoldingKind, PurposeRetired, TenantChanged

from recital_retention.decisions.clocks import read_duration
from recital_retention.model import CalendarDuration
from recital_retention.store import ends, pace, tenants


async def change_tenant(tx: Transaction, event: TenantChanged) -> NotYet | None:
    """Take a tenant's settings up; raises PermanentError for a zone or a duration that is none, or an absurd one."""
    tenant = await tenants.find_tenant(tx)
    if tenant is None:
        return NotYet(f"tenant:{tx.tenant}")
    try:
        zone = ZoneInfo(event.time_zone)
    except (ValueError, OSError, KeyError):
        raise PermanentError("time_zone_unknown", "The tenant's time zone is not in the tz database.") from None
    told: dict[HoldingKind, str | None] = {
        "call": event.call_record_retention,
        "request": event.request_file_retention,
        "package": event.package_retention,
    }
    kept = {kind: _read(text) for kind, text in told.items() if text is not None}
    await tenants.change(tx, event)
    await pace.set_window(tx, event.erasure_window)
    for kind, duration in kept.items():
        if duration != tenant.kept.get(kind):
            await ends.shorten_ends(tx, kind, duration, zone)
    # What was put off to a window that is another now.
    await pace.look_again(tx)
    return None


async def retire_purpose(tx: Transaction, event: PurposeRetired) -> NotYet | None:
    """Note that no call is registered under a purpose any more; what was recorded under it keeps its clocks."""
    known = await tenants.retire_purpose(tx, event)
    return None if known else NotYet(f"purpose:{event.purpose}")


def _read(text: str) -> CalendarDuration:
    try:
        return read_duration(text)
    except Malformed as error:
        raise PermanentError(error.code, error.detail) from None
