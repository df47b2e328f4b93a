"""Securing what a request is about: who is meant is found by consent, and kept from erasure by retention.

Both are asked under order tokens and tried until they succeed; the answer for nobody found looks the same.
"""

import json
from collections.abc import Sequence
from uuid import UUID

from recital_database import announce
from recital_errors import Malformed, Unavailable
from recital_events import RequestReceived

from recital_dsar.actions.collection import order_collection
from recital_dsar.actions.entries import Happening, enter
from recital_dsar.actions.letters import IDENTIFIERS
from recital_dsar.actions.means import Means, order_for
from recital_dsar.decisions.intake import repeated
from recital_dsar.model import State, Withholding
from recital_dsar.store.requests import change_request, open_of_kind, request, sealed_identifiers
from recital_dsar.store.steps import drop_steps


async def secure(means: Means, tenant_id: UUID, request_id: UUID) -> None:
    """Find who a request is about, and keep what concerns them from erasure until it is closed; then go on.

    Raises Unavailable or Malformed where another service does not answer or refuses: it may be called again.
    """
    subjects = await _resolved(means, tenant_id, request_id)
    async with means.database.transaction(tenant_id) as tx:
        found = await request(tx, request_id)
    if found.withholding is Withholding.IN_FORCE or found.state is State.CLOSED:
        return
    retention = means.ordered("retention", order_for(tenant_id, request_id, subjects, "withhold"))
    answer = await retention.neighbour.post(
        "/v1/withholdings",
        token=retention.token(),
        json={"request": str(request_id), "subjects": [str(each) for each in subjects]},
    )
    if not answer.is_success:
        raise Malformed("withholding_refused", "Retention refused to withhold what a request is about.")
    async with means.database.transaction(tenant_id) as tx:
        found = await request(tx, request_id, lock=True)
        if found.withholding is Withholding.IN_FORCE or found.state is State.CLOSED:
            return
        await change_request(tx, request_id, withholding=Withholding.IN_FORCE.value)
        await enter(tx, means.vault, found, Happening("request.withheld"))
        await drop_steps(tx, request_id, ["secure"])
        if found.state is State.IDENTIFIED:
            await order_collection(tx, means.vault, await request(tx, request_id))


async def _resolved(means: Means, tenant_id: UUID, request_id: UUID) -> tuple[UUID, ...]:
    async with means.database.transaction(tenant_id) as tx:
        found = await request(tx, request_id)
        sealed = await sealed_identifiers(tx, request_id)
    if found.subjects is not None:
        return found.subjects
    if sealed is None or found.identifiers_key is None:
        return ()
    plain = json.loads(await means.vault.open_small(tenant_id, found.identifiers_key, sealed, IDENTIFIERS))
    subjects = await resolved(means, tenant_id, request_id, [(kind, value) for kind, value in plain["identifiers"]])
    async with means.database.transaction(tenant_id) as tx:
        found = await request(tx, request_id, lock=True)
        if found.subjects is not None:
            return found.subjects
        if found.state is State.CLOSED:
            return ()
        repeats = repeated(subjects, await open_of_kind(tx, found.kind, request_id))
        await change_request(tx, request_id, subjects=list(subjects), repeats=repeats)
        await announce(
            tx,
            RequestReceived(
                request=request_id, kind=found.kind.value, subjects=subjects, received_at=found.received_at
            ),
        )
    return subjects


async def resolved(
    means: Means, tenant_id: UUID, request_id: UUID, identifiers: Sequence[tuple[str, str]]
) -> tuple[UUID, ...]:
    """Ask consent who is behind identifiers. Raises Unavailable, or Malformed where it refuses them."""
    consent = means.ordered("consent", order_for(tenant_id, request_id, (), "resolve"))
    answer = await consent.neighbour.post(
        "/v1/subjects/resolve",
        token=consent.token(),
        json={"identifiers": [{"kind": kind, "value": value} for kind, value in identifiers]},
    )
    if not answer.is_success:
        raise Malformed("resolving_refused", "Consent refused what a request is identified by.")
    return _subjects(answer.json())


def _subjects(answer: object) -> tuple[UUID, ...]:
    try:
        if isinstance(answer, dict):
            return tuple(sorted({UUID(each) for each in answer["subjects"]}))
    except (KeyError, TypeError, ValueError):
        pass
    raise Unavailable("resolving_unreadable", "Consent's answer cannot be read.")
