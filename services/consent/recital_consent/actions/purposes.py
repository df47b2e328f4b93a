"""Purposes are published in versions, each judged whole; nothing is edited in place (R04, R08, R19, R20)."""

import hashlib
from collections.abc import Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from recital_database import Transaction, announce, claim, record, remember
from recital_events import PurposePublished

from recital_consent.actions.means import LOG, refuse
from recital_consent.decisions.publishing import publishing_problems
from recital_consent.model.purposes import PurposeDraft, PurposeVersion
from recital_consent.store import purposes, tenants


async def publish_purpose(tx: Transaction, draft: PurposeDraft, content: bytes, key: str | None) -> PurposeVersion:
    """Publish a purpose's next version, in force at once; `content` is the request as it came.

    Raises Malformed with everything that is missing.
    """
    if await claim(tx, key, route="POST /v1/purposes", fingerprint=content) is not None:
        return await purposes.find_version(tx, draft.key, None)
    tenant, settings = await tenants.own_tenant(tx)
    today = tx.now.astimezone(ZoneInfo(tenant.draft.time_zone)).date()
    problems = publishing_problems(draft, settings.works_council, today)
    if problems:
        refuse(problems)
    id_, version = await purposes.next_version(tx, draft.key)
    published = PurposeVersion(
        id=id_,
        version=version,
        draft=draft,
        notice_sha256={lang: hashlib.sha256(text.encode()).hexdigest() for lang, text in draft.notices.items()},
        published_at=tx.now,
        in_force_from=tx.now,
    )
    await _keep(tx, published)
    await remember(tx, key, result=id_)
    return published


async def read_purpose(tx: Transaction, key: str, version: int | None) -> PurposeVersion:
    """Return a version of a purpose, the newest without a number; raises NotFound."""
    return await purposes.find_version(tx, key, version)


async def list_purposes(tx: Transaction, *, after: UUID | None, most: int) -> Sequence[PurposeVersion]:
    """Return a page of purposes in their newest versions."""
    return await purposes.list_purposes(tx, after=after, most=most)


async def _keep(tx: Transaction, published: PurposeVersion) -> None:
    draft = published.draft
    recorded = await record(
        tx,
        LOG,
        "purpose.published",
        facts={
            "purpose": str(published.id),
            "version": published.version,
            "notice_sha256": dict(sorted(published.notice_sha256.items())),
            "retention": draft.retention,
        },
        details={"key": draft.key, "title": draft.title, **purposes.terms_of(draft)},
    )
    await purposes.add_version(tx, published, ledger_entry=recorded.entry, salt=recorded.salt)
    await announce(
        tx,
        PurposePublished(
            purpose=published.id,
            key=draft.key,
            version=published.version,
            basis=draft.basis.kind.value,
            retention=draft.retention,
            roles=tuple(sorted(draft.roles)),
            hold_suppressed=draft.hold_suppressed,
            in_force_from=published.in_force_from,
        ),
    )
