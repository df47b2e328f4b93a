"""The restore gate: before a service serves, it applies what the control ledger has beyond its own database.

A database restored from a backup has forgotten holds, withdrawals and erasures that came after it. The ledger lies
outside every database and remembers them: holds are applied first, then withdrawals, then erasures, then the end of
tenants, each by the service's own handler of the event that told of it. Those are idempotent, since after an ordinary
restart most of it has been applied before.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from recital_database import Database, Handlers, Together, Transaction, advance_control_position, control_position
from recital_errors import Gone, PermanentError
from recital_events import ErasureOrdered, Event, HoldPlaced, HoldReleased, PurposeSpans, TenantErased
from recital_vault import ControlLedger

log = structlog.get_logger()

Entry = Mapping[str, Any]
TakeWithdrawal = Callable[[Transaction, Entry], Awaitable[None]]
"""What a service does with `{kind: withdrawal, what, about, subjects, purposes, at}` that its database forgot."""


class RestoreGate:
    """Applies what one service's database does not know of the control ledger."""

    def __init__(
        self,
        database: Database,
        ledger: ControlLedger,
        handlers: Handlers,
        *,
        take_withdrawal: TakeWithdrawal | None = None,
    ) -> None:
        """`take_withdrawal` is given only where the service itself keeps withdrawals and objections."""
        self._database, self._ledger, self._handlers = database, ledger, handlers
        self._take_withdrawal = take_withdrawal
        self._seen = 0

    async def follow(self) -> bool:
        """Apply what was in the ledger at the last look, so that a start finds little; never has more to do at once.

        Long ago its events took effect: applied again they change nothing, and the position may go on. What is newer
        is left to its events, since of a hold the ledger may have the placing and not yet the release.
        """
        async with self._database.work() as tx:
            applied = await control_position(tx)
        upto, self._seen = self._seen, await self._ledger.head(applied)
        if upto > applied:
            await self.apply(upto)
        return False

    async def apply(self, upto: int | None = None) -> int:
        """Apply what lies ahead, or of that what lies within `upto`, and return how many entries that were.

        Raises Unavailable where ledger or database do not answer, PermanentError `control_entry_unknown` for an entry
        that is not understood: it is never passed over.
        """
        async with self._database.work() as tx:
            applied = await control_position(tx)
        ahead = await self._ledger.read_after(applied, limit=None if upto is None else upto - applied)
        if not ahead:
            return 0
        steps = [(_phase(sequence, entry), sequence, entry) for sequence, entry in ahead]
        for tenant, entries in _by_tenant(steps).items():
            async with self._database.transaction(tenant) as tx:
                for sequence, entry in entries:
                    await self._take(tx, sequence, entry)
        async with self._database.work() as tx:
            await advance_control_position(tx, ahead[-1][0])
        log.info("control_ledger_applied", count=len(ahead))
        return len(ahead)

    async def _take(self, tx: Transaction, sequence: int, entry: Entry) -> None:
        if entry["kind"] == "withdrawal":
            if self._take_withdrawal is not None:
                await self._take_withdrawal(tx, entry)
            return
        for event in events_of(sequence, entry):
            await self._hear(tx, event)

    async def _hear(self, tx: Transaction, event: Event) -> None:
        handler = self._handlers.get(type(event))
        try:
            if isinstance(handler, Together):
                await handler.handle(tx, [event])
            elif handler is not None:
                # One that waits for a fact waits for what this database does not have: nothing to keep or to destroy.
                await handler(tx, event)
        except (PermanentError, Gone) as error:  # unknown here, or it went by a later entry
            log.info("control_entry_of_nothing_here", code=error.code)


def events_of(sequence: int, entry: Entry) -> list[Event]:
    """Return the events that an entry stands for; raises PermanentError `control_entry_unknown`."""
    try:
        return _EVENTS[entry["kind"]](sequence, entry)
    except (KeyError, TypeError, ValueError):
        raise _unknown(sequence) from None


def _erasures(sequence: int, entry: Entry) -> list[Event]:
    return [
        ErasureOrdered(
            order=UUID(each["order"]),
            holding=UUID(each["holding"]),
            kind=each["holding_kind"],
            spans_kept=tuple(PurposeSpans.model_validate(spans) for spans in each["spans_kept"]),
            ground=each["ground"],
            control_sequence=sequence,
            ordered_at=datetime.fromisoformat(entry["ordered_at"]),
        )
        for each in entry["orders"]
    ]


def _placed(_sequence: int, entry: Entry) -> list[Event]:
    at = datetime.fromisoformat(entry["placed_at"])
    hold = UUID(entry["hold"])
    return [HoldPlaced(hold=hold, holding=id_, kind=kind, placed_at=at) for id_, kind in _holdings(entry)]


def _released(_sequence: int, entry: Entry) -> list[Event]:
    at = datetime.fromisoformat(entry["released_at"])
    hold = UUID(entry["hold"])
    return [HoldReleased(hold=hold, holding=id_, kind=kind, released_at=at) for id_, kind in _holdings(entry)]


def _erased(_sequence: int, entry: Entry) -> list[Event]:
    return [TenantErased(tenant=UUID(entry["tenant"]), erased_at=datetime.fromisoformat(entry["erased_at"]))]


def _holdings(entry: Entry) -> list[tuple[UUID, Any]]:
    return [(UUID(id_), "recording") for id_ in entry.get("recordings", ())]


_EVENTS: Mapping[str, Callable[[int, Entry], list[Event]]] = {
    "hold_placed": _placed,
    "hold_released": _released,
    "erasures": _erasures,
    "tenant_erased": _erased,
}
_PHASES = {"hold_placed": 0, "hold_released": 0, "withdrawal": 1, "erasures": 2, "tenant_erased": 3}


def _phase(sequence: int, entry: Entry) -> int:
    try:
        UUID(entry["tenant"])
        return _PHASES[entry["kind"]]
    except (KeyError, TypeError, ValueError):
        raise _unknown(sequence) from None


def _by_tenant(steps: Sequence[tuple[int, int, Entry]]) -> Mapping[UUID, list[tuple[int, Entry]]]:
    """Per tenant: holds, then withdrawals, then erasures, then the end, each in the ledger's order."""
    found: defaultdict[UUID, list[tuple[int, Entry]]] = defaultdict(list)
    for _, sequence, entry in sorted(steps, key=lambda each: each[:2]):
        found[UUID(entry["tenant"])].append((sequence, entry))
    return found


def _unknown(sequence: int) -> PermanentError:
    return PermanentError("control_entry_unknown", f"Control entry {sequence} is not understood.")
