"""The text of a correction (AVG art. 16): dsar has it, no event does; whoever holds what it corrects asks for it."""

from uuid import UUID

import httpx
from recital_errors import Unavailable

from recital_runtime.neighbours import Neighbours


async def correction_text(neighbours: Neighbours, rectification: UUID) -> str | None:
    """Return it; None where the request's file is over, and with it what it asked. Raises Unavailable."""
    token = neighbours.service_token("dsar")
    answer = await neighbours["dsar"].get(f"/internal/v1/rectifications/{rectification}", token=token)
    if answer.status_code == httpx.codes.NOT_FOUND:
        return None
    if not answer.is_success:
        raise Unavailable("dsar_unavailable", "Dsar does not give the text of a correction.")
    return str(answer.json()["text"])
