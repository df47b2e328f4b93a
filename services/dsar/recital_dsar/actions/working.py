"""Taking background work: one step at a time under a lock that dies with its process, put off when it fails.

Nothing is given up: a step that fails shows why, is alarmed after ten minutes, and is tried until it succeeds.
"""

from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from recital_database import alarm, who_goes_on
from recital_errors import RecitalError

from recital_dsar.actions.erasure import report_stuck
from recital_dsar.actions.means import Means
from recital_dsar.decisions.retry import is_alarming, is_stuck, pause
from recital_dsar.model import Step
from recital_dsar.store.steps import due_steps, finish_step, lock_name, postpone_step

TENANTS_SEEN = 16
Work = Callable[[UUID, UUID], Awaitable[None]]


class Worker:
    """Takes due steps, in turns over tenants; `work` does each kind, given the tenant and what it is about."""

    def __init__(self, means: Means, work: Mapping[str, Work]) -> None:
        """The last tenant that was served is remembered here and nowhere else: turns are fair, not exact."""
        self._means, self._work = means, work
        self._last = UUID(int=0)

    async def run(self) -> bool:
        """Take one step; true when there may be more. A fault of ours is raised after the step was put off."""
        database = self._means.database
        async with database.work() as tx:
            going = await who_goes_on(database, tx)
            due = await due_steps(tx, self._work.keys(), after=self._last, most=TENANTS_SEEN, only=going.only)
        for step in due:
            async with self._means.database.holding(lock_name(step.step, step.about)) as mine:
                if mine:
                    self._last = step.tenant
                    await self._take(step)
                    return True
        return False

    async def _take(self, step: Step) -> None:
        try:
            await self._work[step.step](step.tenant, step.about)
        except RecitalError as error:
            await self._put_off(step, error.code)
        except Exception:
            await self._put_off(step, "failed")
            raise
        else:
            async with self._means.database.transaction(step.tenant) as tx:
                await finish_step(tx, step)

    async def _put_off(self, step: Step, cause: str) -> None:
        async with self._means.database.transaction(step.tenant) as tx:
            await postpone_step(tx, step, due_at=tx.now + pause(step.attempts), cause=cause)
            if is_alarming(step.since, tx.now):
                await alarm(tx, "step_failing", about=step.request, detail=f"{step.step}: {cause}")
        if step.step == "erase" and is_stuck(step.attempts):
            await report_stuck(self._means, step.tenant, step.about, cause)
