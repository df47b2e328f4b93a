"""A certificate as a page: in both languages, everything escaped, nothing loaded (R15)."""

from datetime import UTC, datetime
from typing import get_args
from uuid import UUID

import pytest
from recital_events import HoldingKind
from recital_retention.api.certificate_words import Language, said
from recital_retention.api.certificates import page_of
from recital_retention.decisions.certificates import certificate_of
from recital_retention.model import Ground, Order, OrderState, PlaceProof, Residue

ONE, NOW = UUID(int=1), datetime(2026, 6, 1, 12, tzinfo=UTC)


def page(language: Language = "nl", *, places: int = 1, method: str = "key_row_absent") -> str:
    order = Order(ONE, ONE, "recording", Ground.RETENTION_ENDED, OrderState.VERIFIED, NOW, 7)
    found = [PlaceProof("key", f"key-{number}", method, NOW) for number in range(places)]
    claims = certificate_of(order, found, certificate=ONE, tenant=ONE, now=NOW, residue=Residue(None, 1))
    return page_of("signed.token.here", claims, ONE, language)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "nl",
            [
                "Bewijs van vernietiging",
                "Kan niet terugkomen na",
                '<html lang="nl">',
                "gespreksopname",
                "de bewaartermijn is voorbij",
                "sleutel key-0",
                "de sleutel is er niet meer",
                "van sleutels worden geen back-ups gemaakt",
                "onder de opslag (prullenbak van MinIO, volumes van SeaweedFS) tot en met 2026-06-02",
            ],
        ),
        (
            "en",
            [
                "Certificate of erasure",
                "Cannot come back after",
                '<html lang="en">',
                "its time was over",
                "key key-0",
                "no key backups configured",
                "beneath the store (MinIO&#x27;s trash, SeaweedFS&#x27;s volumes) until 2026-06-02",
            ],
        ),
    ],
)
def test_the_page_says_what_went_when_on_which_ground_where_and_until_when_a_backup_could_bring_it_back(
    language: Language, words: list[str]
) -> None:
    shown = page(language)
    for each in (*words, "2026-06-02", "signed.token.here"):
        assert each in shown


def test_everything_that_owners_sign_is_said_in_words_of_the_pages_language() -> None:
    methods = {
        "key_row_absent",
        "key_deleted",
        "key_absent",
        "no_version_no_upload",
        "versions_deleted",
        "rows_deleted",
    }
    for signed in (*get_args(HoldingKind), *Ground, *methods):
        words = {language: said(signed, language) for language in get_args(Language)}
        assert words["nl"] != words["en"], signed
        assert "_" not in "".join(words.values())
    assert said("a_new_method", "nl") == "a_new_method"


def test_nothing_in_a_certificate_becomes_markup() -> None:
    shown = page(method="<script>alert(1)</script>")
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_too_many_places_are_named_by_their_hash() -> None:
    shown = page(places=30)
    assert "key-3" not in shown
    assert "30" in shown
