"""What a data breach obliges to, and by when (R25): pure."""

from datetime import UTC, datetime, timedelta

import pytest
from recital_dsar.decisions.breaches import Breach, Duties, Risk, duties

CHRISTMAS_EVE = datetime(2026, 12, 24, 22, 30, tzinfo=UTC)
LIMIT = datetime(2026, 12, 27, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize("risk", [Risk.RISK, Risk.HIGH])
def test_the_hours_pass_through_weekends_and_holidays(risk: Risk) -> None:
    assert duties(Breach(CHRISTMAS_EVE, risk), now=CHRISTMAS_EVE).report_by == LIMIT


def test_a_breach_without_likely_risk_is_told_to_nobody() -> None:
    long_after = LIMIT + timedelta(days=9)
    assert duties(Breach(CHRISTMAS_EVE, Risk.UNLIKELY), now=long_after) == Duties(
        None, explain_delay=False, tell_people=False
    )


def test_a_report_past_its_limit_says_why_it_is_late() -> None:
    breach = Breach(CHRISTMAS_EVE, Risk.RISK)
    assert not duties(breach, now=LIMIT).explain_delay
    assert duties(breach, now=LIMIT + timedelta(microseconds=1)).explain_delay


def test_the_people_are_told_where_the_risk_is_high_unless_nobody_can_read_what_leaked() -> None:
    told = {
        (risk, unreadable): duties(Breach(CHRISTMAS_EVE, risk, unreadable), now=CHRISTMAS_EVE)
        for risk in Risk
        for unreadable in (True, False)
    }
    assert {which for which, found in told.items() if found.tell_people} == {(Risk.HIGH, False)}
    assert {which: found.exempt for which, found in told.items() if found.exempt} == {(Risk.HIGH, True): "34(3)(a)"}
