"""The journey as far as the permit, for whoever wants to send something else than the demo's audio next."""

from dataclasses import dataclass

from recital_testing.house import TestTenant

from demo.calling import Call, People, Permit, Purpose, times_after
from demo.dialogue import Times
from demo.hearing import Recording
from demo.journey import CALL_TAKES, Journey


@dataclass(frozen=True, slots=True)
class Begun:
    """A tenant with an ended call and its final permit; nothing was sent yet."""

    journey: Journey
    tenant: TestTenant
    purpose: Purpose
    people: People
    call: Call
    times: Times
    permit: Permit

    async def send(self) -> Recording:
        """Send the demo's audio."""
        return await self.journey.hearing.send(self.permit, self.journey.dialogue)


async def begin(journey: Journey) -> Begun:
    """Open a tenant and go as far as the permit."""
    house = journey.house
    await house.read_clock()
    tenant = journey.tenant = await journey.calling.open_tenant(journey.run)
    purpose = await journey.calling.publish_purpose()
    people = await journey.calling.register_people(purpose)
    call = await journey.calling.register_call(purpose, people)
    times = times_after(await journey.calling.now(), journey.dialogue.length)
    await house.advance_clock(CALL_TAKES)
    await journey.calling.answer(call, purpose, times)
    ended = await journey.calling.end(call, times)
    permit = await journey.calling.permit(ended, times)
    return Begun(journey, TestTenant(house, tenant), purpose, people, ended, times, permit)
