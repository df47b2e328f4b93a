"""Whether a journey ended as it must: the promises, each as one sentence that would be false."""

from http import HTTPStatus

from recital_errors import Malformed
from recital_testing.house import SERVICES

from demo.checking import NotProvedError, conversations_of
from demo.ending import KINDS_ENDED
from demo.journey import Outcome


def faults_of(outcome: Outcome) -> list[str]:
    """Return what is not as it was told; nothing when the journey ended as it must."""
    told = {
        "the call was not denied before its notice": {each["code"] for each in outcome.denied} == {"notice_missing"},
        "the call was not allowed after its notice": outcome.allowed,
        "the permit is not final": outcome.permit.final,
        "there are not two tracks": len(outcome.recording.tracks) == len(("customer", "staff")),
        "something was silenced": outcome.recording.masks == [],
        "what came back is not what was sent": outcome.heard.same,
        "not every service handed in a part": set(outcome.collected.parts) == set(SERVICES),
        "the package has no recording": any(name.endswith(".wav") for name in outcome.package.files),
        "the call is no vCon that its recording agrees with": _is_told(outcome),
        "the request is not closed": outcome.package.state == "closed",
        "the recording can still be reached": set(outcome.silenced.answers.values()) == {HTTPStatus.GONE},
        "a copy was not certified as erased": {each.split()[0] for each in outcome.certificates} == set(KINDS_ENDED),
        "a ledger is not proved": len(outcome.proved) == len(SERVICES),
    }
    return [fault for fault, fine in told.items() if not fine]


def _is_told(outcome: Outcome) -> bool:
    """Whether the package tells its one call as an outsider can check it: with its recording, and on its ground."""
    try:
        [told] = conversations_of(outcome.package.contents)
    except (Malformed, NotProvedError, ValueError):
        return False
    return (
        told.recordings == tuple(name for name in outcome.package.files if name.endswith(".wav")) and told.may_be_kept
    )
