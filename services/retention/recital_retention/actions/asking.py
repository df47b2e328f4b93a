"""What persons had upheld: erasures, ordered or withheld with a ground, and restrictions (R12, R14)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from recital_database import NotYet, Transaction, announce_all
from recital_events import ErasureRequested, ErasureWithheld, RestrictionLifted, RestrictionSet

from recital_retention.decisions.erasing import Verdict, withheld_because
from recital_retention.model import Standing
from recital_retention.store import asked, clocks, holdings, schedule


async def request_erasure(tx: Transaction, event: ErasureRequested) -> NotYet | None:
    """Let a holding go because a person asked: its clocks end, but legal duties, and it is looked at at once.

    It stands for these persons: see `recordings.store_recording`. The look answers, with `erasure.ordered` or
    `erasure.withheld`, and again whenever what keeps the holding changes.
    """
    holding = await holdings.lock_one(tx, event.holding)
    if holding is None or holding.kind != event.kind:
        return NotYet(f"{event.kind}:{event.holding}")
    await asked.ask(tx, event)
    await clocks.end_but_duties(tx, [event.holding])
    await schedule.put_now(tx, [event.holding])
    return None


async def answer_requests(
    tx: Transaction, judged: Sequence[tuple[Standing, Verdict]], next_clocks: Mapping[UUID, datetime]
) -> None:
    """Say of each holding that a person asked to have erased on which ground it stays, once per ground."""
    verdicts = {each.holding: (each, verdict) for each, verdict in judged if each.requested and not verdict.allowed}
    if not verdicts:
        return
    grounds = {id_: ground for id_, (_, verdict) in verdicts.items() if (ground := withheld_because(verdict))}
    news = [each for each in await asked.asked_of(tx, list(grounds)) if each.withheld != grounds[each.holding]]
    await asked.told_withheld(tx, news, grounds)
    await announce_all(
        tx,
        [
            ErasureWithheld(
                holding=each.holding,
                kind=each.kind,
                request=each.request,
                ground=grounds[each.holding],
                until=_until(grounds[each.holding], verdicts[each.holding][0], next_clocks),
                withheld_at=tx.now,
            )
            for each in news
        ],
    )


async def set_restriction(tx: Transaction, event: RestrictionSet) -> None:
    """Restrict a holding: it is kept and not used, also one that is heard of later."""
    await holdings.lock(tx, [event.holding])
    await asked.restrict(tx, event)


async def lift_restriction(tx: Transaction, event: RestrictionLifted) -> None:
    """End a restriction; what only it kept is decided again at once."""
    await holdings.lock(tx, [event.holding])
    await asked.lift_restriction(tx, event)
    await schedule.put_now(tx, [event.holding])


def _until(ground: str, standing: Standing, next_clocks: Mapping[UUID, datetime]) -> datetime | None:
    if ground == "legal_obligation":
        return next_clocks.get(standing.holding)
    return standing.due_at if ground == "accountability" else None
