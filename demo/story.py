"""What is said of each step: its title, why it is done, under which rules, and what came of it in plain words.

Says only what the services answered; decides and asks nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from demo.calling import NOTICES, RETENTION, Call, People, Permit, Purpose
from demo.checking import Head, Proved
from demo.ending import Certificate
from demo.hearing import Heard, Recording, Silenced
from demo.requesting import Asked, Collected, Package


@dataclass(frozen=True, slots=True)
class Chapter:
    """One step as it is told. `said` turns what the step returned into lines."""

    title: str
    why: str
    rules: tuple[str, ...]
    said: Callable[[Any], Sequence[str]]


def _tenant(tenant: UUID) -> list[str]:
    return [f"tenant {tenant}", "It has keys of its own; its time zone and country are known to all four services."]


def _purpose(purpose: Purpose) -> list[str]:
    return [
        f"[b]{purpose.key}[/b], version {purpose.version}, on the ground of a contract, kept {RETENTION}",
        f"Notice to play: “{NOTICES['en']}”",
        "Only case handlers may listen for it.",
    ]


def _people(people: People) -> list[str]:
    return [f"source {people.source}", f"{people.staff_id} was told of this purpose before the first call."]


def _call(call: Call) -> list[str]:
    reasons = [f"{each['code']} ({each.get('rule', '-')}): {each['text_en']}" for each in call.reasons]
    return [f"call {call.id}", f"May it be recorded? [b]{_yes(call.may_record)}[/b].", *reasons]


def _answer(call: Call) -> list[str]:
    return [
        "0.0 s answered; 0.5 to 10.3 s the notice is played, to its end.",
        f"May it be recorded? [b]{_yes(call.may_record)}[/b]. The recorder starts 0.2 s later: clocks differ.",
    ]


def _end(call: Call) -> list[str]:
    kept = [f"for {each['purpose']}: {_span(span)}" for each in call.decision["keepable"] for span in each["spans"]]
    return ["46.5 s the call ends. What may be kept of it:", *kept]


def _permit(permit: Permit) -> list[str]:
    spans = [f"{each['purposes']}: {each['spans']} ms after the answer" for each in permit.spans]
    final = "final: the call is over" if permit.final else "not final"
    return [f"permit {permit.id}, {final}, good until {permit.expires_at:%H:%M:%S} UTC", *spans]


def _audio(recording: Recording) -> list[str]:
    tracks = [
        f"track {each['track']}: {', '.join(each['parties'])}, {each['size']:,} bytes" for each in recording.tracks
    ]
    return [
        f"recording {recording.id}, {recording.size:,} bytes, SHA-256 {recording.received_sha256[:16]}…",
        *tracks,
        f"silenced: {recording.masks or 'nothing'}. In the access ledger as entry {recording.ledger_entry}.",
    ]


def _heard(heard: Heard) -> list[str]:
    same = "bit for bit what was sent" if heard.same else "NOT what was sent"
    return [f"grant {heard.grant}: written down before a byte went out", f"{heard.size:,} bytes came back, {same}."]


def _heads(heads: Mapping[str, Head]) -> list[str]:
    return [f"{service}: {head.size} entries" for service, head in heads.items()]


def _request(asked: Asked) -> list[str]:
    return [f"request {asked.id}", f"To be answered by {asked.due_on}. Until then nothing it is about is destroyed."]


def _collected(collected: Collected) -> list[str]:
    parts = [f"{service}: {number} items" for service, number in collected.parts.items()]
    return ["The officer saw a passport and kept no copy.", *parts, "A one-time code was handed over at the counter."]


def _given(items: Mapping[str, int]) -> list[str]:
    return [
        f"{items['given']} of {items['total']} items are given.",
        "In the recording only the customer's own voice is heard; the employee's is muted.",
    ]


def _package(package: Package) -> list[str]:
    return [*[f"{name}  {size:,} bytes" for name, size in package.files.items()], f"The request is {package.state}."]


def _time(now: Any) -> list[str]:
    return [f"Recital's time is now {now:%Y-%m-%d %H:%M} UTC. The clocks that have ended are found by themselves."]


def _certificates(certificates: Mapping[str, Certificate]) -> list[str]:
    lines = [f"{len(certificates)} certificates: " + ", ".join(sorted(each.split()[0] for each in certificates))]
    recording = next(each for name, each in certificates.items() if name.startswith("recording "))
    claims = recording.claims
    lines += [f"The recording's, {recording.id}, ground {claims['ground']}:"]
    lines += [f"  {each['kind']} {each['id']}: {each['method']}" for each in recording.places]
    lines += [f"  {name}: {text}" for name, text in claims["beneath"].items()]
    return lines


def _silenced(silenced: Silenced) -> list[str]:
    return [f"{way}: {status}" for way, status in silenced.answers.items()]


def _proved(proved: Sequence[Proved]) -> list[str]:
    return [
        f"{each.log}: {each.size} entries, root {each.root[:16]}…, continues the {each.since} seen before"
        + (f", holds {', '.join(sorted(set(each.included)))}" if each.included else "")
        for each in proved
    ]


def _rest(rest: Mapping[str, int]) -> list[str]:
    left = ", ".join(f"{kind} ({number})" for kind, number in sorted(rest.items())) or "nothing"
    return [f"Still in the register, each with an end of its own: {left}."]


def _span(span: Mapping[str, Any]) -> str:
    return f"{span['starts_at'][11:23]} to {(span['ends_at'] or 'now')[11:23]} UTC"


def _yes(answer: bool) -> str:  # noqa: FBT001 - turns a flag into a word
    return "yes" if answer else "no"


CHAPTERS: Mapping[str, Chapter] = {
    "tenant": Chapter("A company becomes a tenant", "The operator opens it; nobody else can.", (), _tenant),
    "purpose": Chapter(
        "It says why it records",
        "Without a purpose, a ground in law, a text that tells people and an end, nothing can be recorded.",
        ("R08", "R11"),
        _purpose,
    ),
    "people": Chapter(
        "Its line and its employee",
        "A call must come from a line of its own; staff are told too.",
        ("R02", "R20"),
        _people,
    ),
    "call": Chapter(
        "The telephone rings", "The exchange registers the call and asks whether it may record.", ("R03",), _call
    ),
    "answer": Chapter("The notice is played", "Told in full, before, and of this purpose.", ("R03", "R04"), _answer),
    "end": Chapter("The call ends", "From what happened follows what may be kept, per purpose.", ("R01", "R05"), _end),
    "permit": Chapter(
        "Leave to send the audio", "Signed, for these minutes of this call, for a quarter of an hour.", (), _permit
    ),
    "audio": Chapter(
        "The audio comes in",
        "Silenced, split and encrypted while it streams; it never touches a disk in the clear.",
        ("R24",),
        _audio,
    ),
    "listen": Chapter(
        "A case handler listens",
        "Who, in which role, for which purpose, why: first the log, then the sound.",
        ("R05", "R10"),
        _heard,
    ),
    "heads": Chapter(
        "An auditor notes the ledgers", "Their signed heads, to be held against them later.", ("R26",), _heads
    ),
    "request": Chapter("The customer asks for everything", "From now on the deadline runs.", ("R12", "R16"), _request),
    "collect": Chapter(
        "Who asks, and what there is", "All four services look; each hands in its part, sealed.", ("R12",), _collected
    ),
    "give": Chapter("The officer decides", "Every item, one by one or all at once.", ("R13",), _given),
    "fetch": Chapter("The package is fetched", "With the code, once.", ("R12",), _package),
    "time": Chapter("Half a year passes", "The clock is moved; nobody waits.", ("R11",), _time),
    "certificates": Chapter(
        "Due means gone",
        "Keys are destroyed, then every version of every object; then absence is proved.",
        ("R11", "R15"),
        _certificates,
    ),
    "silence": Chapter("Who still tries to listen", "gets 410, Gone.", (), _silenced),
    "ledgers": Chapter(
        "An outsider checks",
        "Offline, with the public keys: signatures, roots, continuity, inclusion (RFC 9162).",
        ("R21",),
        _proved,
    ),
    "rest": Chapter("What is left", "Not everything ends with the recording.", (), _rest),
}
