"""What an outsider does with ledgers and packages: fetches heads, entries, proofs, and verifies them offline.

Nothing is believed but the public keys: every root is signed, rebuilt from the entries, and a continuation of the one
seen before (RFC 9162). A package's calls are read as vCons, and their recordings must have the hashes these state.
"""

import base64
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from recital_identity import KeySet, Role
from recital_ledger import Checkpoint, Entry, read_checkpoint, root_of, verify_consistency, verify_inclusion
from recital_vcon import LAWFUL_BASIS, Verdict, is_of, may_use, read_vcon

from demo.asking import As, Asker

LOGS = {"consent": "consent", "ingest": "access", "retention": "erasure", "dsar": "requests"}
AUDITOR = As(Role.AUDITOR)


class NotProvedError(Exception):
    """A ledger is not what its keeper says."""


@dataclass(frozen=True, slots=True)
class Told:
    """A call as a package tells it: who is named, the files of its recordings, whether its ground allows to keep it."""

    uuid: str
    named: tuple[str, ...]
    recordings: tuple[str, ...]
    may_be_kept: bool


@dataclass(frozen=True, slots=True)
class Head:
    """A ledger's signed head, verified; None while the ledger is empty."""

    checkpoint: Checkpoint | None
    key: str

    @property
    def size(self) -> int:
        """How many entries it covers."""
        return self.checkpoint.size if self.checkpoint else 0


@dataclass(frozen=True, slots=True)
class Proved:
    """What was proved of one ledger: its head, that it continues the earlier one, and each entry asked for."""

    log: str
    origin: str
    size: int
    root: str
    key: str
    since: int
    included: tuple[str, ...]
    kinds: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Checking:
    """The auditor, who trusts nobody."""

    ask: Asker
    tenant: UUID

    async def heads(self) -> dict[str, Head]:
        """Fetch each ledger's checkpoint and verify its signature."""
        return {service: await self.head(service) for service in LOGS}

    async def head(self, service: str) -> Head:
        """Fetch one ledger's checkpoint; raises NotProvedError when it is another log's or nobody signed it."""
        log = LOGS[service]
        said = await self.ask.get(service, f"/v1/ledgers/{log}/checkpoint", AUDITOR)
        if said["checkpoint"] is None:
            return Head(None, "")
        return self._read(service, said["checkpoint"], await self._keys(service))

    async def prove(self, seen: Mapping[str, Head], entries: Mapping[str, Sequence[UUID]]) -> list[Proved]:
        """Prove each ledger whole: it continues what was seen, and holds the entries named per service."""
        return [await self._prove(service, seen[service], entries.get(service, ())) for service in LOGS]

    async def _prove(self, service: str, seen: Head, wanted: Sequence[UUID]) -> Proved:
        # 1. The entries that must be in it, each under the checkpoint its receipt names.
        included = [await self._included(service, entry) for entry in wanted]
        # 2. The newest head, and the whole tree built anew from the entries under it.
        head = await self.head(service)
        if head.checkpoint is None:
            raise NotProvedError(f"{service}'s ledger is empty")
        leaves = await self._leaves(service, head.size)
        if root_of([each.leaf_hash() for each in leaves]) != head.checkpoint.root:
            raise NotProvedError(f"{service}'s entries do not give the root that was signed")
        # 3. What was seen before is still in it, unchanged.
        await self._continues(service, seen, head)
        return Proved(
            log=LOGS[service],
            origin=head.checkpoint.origin,
            size=head.size,
            root=head.checkpoint.root.hex(),
            key=head.key,
            since=seen.size,
            included=tuple(included),
            kinds=Counter(each.kind for each in leaves),
        )

    async def _included(self, service: str, entry: UUID) -> str:
        path = f"/v1/ledgers/{LOGS[service]}/entries/{entry}/receipt"
        receipt = await self.ask.until(lambda: self._receipt(service, path), f"{service}'s ledger has a place for it")
        found, head = _entry(receipt["entry"]), self._read(service, receipt["checkpoint"], await self._keys(service))
        if head.checkpoint is None or head.size != receipt["size"] or found.id != entry:
            raise NotProvedError(f"{service} gave a receipt of something else")
        proof, position = _hashes(receipt["proof"]), receipt["entry"]["position"]
        if not verify_inclusion(found.leaf_hash(), position, head.size, proof, head.checkpoint.root):
            raise NotProvedError(f"{service} cannot prove that entry {entry} is in its ledger")
        return found.kind

    async def _receipt(self, service: str, path: str) -> Any:
        answer = await self.ask.ask("GET", service, path, AUDITOR)
        return None if answer.status_code == HTTPStatus.ACCEPTED else answer.json()

    async def _continues(self, service: str, seen: Head, head: Head) -> None:
        if seen.checkpoint is None or head.checkpoint is None:
            return
        path = f"/v1/ledgers/{LOGS[service]}/consistency"
        said = await self.ask.get(service, path, AUDITOR, old=str(seen.size), new=str(head.size))
        proof = _hashes(said["proof"])
        if not verify_consistency(seen.size, seen.checkpoint.root, head.size, head.checkpoint.root, proof):
            raise NotProvedError(f"{service}'s ledger does not continue what was seen of it")

    async def _leaves(self, service: str, size: int) -> list[Entry]:
        found: list[Entry] = []
        while len(found) < size:
            path = f"/v1/ledgers/{LOGS[service]}/entries"
            page = await self.ask.get(service, path, AUDITOR, start=str(len(found)), limit="1000")
            if not page["items"] or page["items"][0]["position"] != len(found):
                raise NotProvedError(f"{service} does not show all entries of its ledger")
            found += [_entry(each) for each in page["items"]]
        return found[:size]

    async def _keys(self, service: str) -> Mapping[str, Ed25519PublicKey]:
        published = KeySet.from_jwks(await self.ask.get(service, "/.well-known/jwks.json", As()), "checkpoint")
        return {kid: key for kid, key in published.items() if isinstance(key, Ed25519PublicKey)}

    def _read(self, service: str, text: str, keys: Mapping[str, Ed25519PublicKey]) -> Head:
        checkpoint = read_checkpoint(text, keys)
        if checkpoint.origin != f"recital/{service}/{LOGS[service]}/{self.tenant}":
            raise NotProvedError(f"{service} gave the head of another log: {checkpoint.origin}")
        return Head(checkpoint, next(iter(keys)))


def conversations_of(files: Mapping[str, bytes]) -> list[Told]:
    """Read each call of a package; raises Malformed where one is no vCon, NotProvedError where its file differs."""
    return [_told(read_vcon(content), files) for name, content in sorted(files.items()) if name.startswith("vcons/")]


def _told(vcon: Mapping[str, Any], files: Mapping[str, bytes]) -> Told:
    recordings = [each for each in vcon["dialog"] if each.get("type") == "recording"]
    for each in recordings:
        if not is_of(each["content_hash"], files.get(each["filename"], b"")):
            raise NotProvedError(f"{each['filename']} is not what its call says of it")
    grounds = [each["body"] for each in vcon.get("attachments", ()) if each["purpose"] == LAWFUL_BASIS]
    purposes = {grant["purpose"] for body in grounds for grant in body["purpose_grants"]}
    made = datetime.fromisoformat(vcon["created_at"])
    return Told(
        uuid=vcon["uuid"],
        named=tuple(each["name"] for each in vcon["parties"] if each.get("name", "anonymous") != "anonymous"),
        recordings=tuple(each["filename"] for each in recordings),
        may_be_kept=bool(purposes) and all(may_use(vcon, each, made) is Verdict.GRANTED for each in purposes),
    )


def _entry(shown: Mapping[str, Any]) -> Entry:
    """Read an entry as it was hashed; its position is not part of it."""
    return Entry.read({name: value for name, value in shown.items() if name != "position"})


def _hashes(proof: Sequence[str]) -> list[bytes]:
    return [base64.b64decode(each) for each in proof]
