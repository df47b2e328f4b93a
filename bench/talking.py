"""Calls as they are told for benchmarks of consent: thought of, and over with their permit asked for."""

from datetime import datetime, timedelta
from typing import Any

PURPOSE = "contract"


def timeline(answered: datetime, ended: datetime) -> list[dict[str, Any]]:
    """Return a notice to the customer right after the answer, and the end."""
    return [
        {
            "id": "notice",
            "kind": "notice_played",
            "party": "customer",
            "purposes": [PURPOSE],
            "completed": True,
            "started_at": answered.isoformat(),
            "at": (answered + timedelta(seconds=2)).isoformat(),
        },
        {"id": "end", "kind": "ended", "at": ended.isoformat()},
    ]


def thought(now: datetime) -> dict[str, Any]:
    """Return a hypothetical call of a minute."""
    answered, ended = now - timedelta(seconds=90), now - timedelta(seconds=30)
    return {
        "language": "en",
        "purposes": [PURPOSE],
        "parties": [
            {"party": "customer", "kind": "customer", "country": "NL"},
            {"party": "agent", "kind": "staff"},
        ],
        "answered_at": answered.isoformat(),
        "timeline": timeline(answered, ended),
        "at": now.isoformat(),
    }


def registration(external_id: str, source: str, now: datetime, number: str) -> dict[str, Any]:
    """Return a call of a minute that is over, with its notice, and its permit asked for: one round trip."""
    answered, ended = now - timedelta(seconds=90), now - timedelta(seconds=30)
    return {
        "external_id": external_id,
        "source": source,
        "direction": "inbound",
        "language": "en",
        "purposes": [PURPOSE],
        "parties": [
            {"party": "customer", "kind": "customer", "type": "person", "number": number},
            {"party": "agent", "kind": "staff", "type": "person", "staff_id": "1001"},
        ],
        "answered_at": answered.isoformat(),
        "timeline": timeline(answered, ended),
        "permit": {
            "audio_started_at": (answered + timedelta(seconds=2.2)).isoformat(),
            "audio_ended_at": ended.isoformat(),
            "channels": [{"channel": 0, "party": "customer"}, {"channel": 1, "party": "agent"}],
        },
    }
