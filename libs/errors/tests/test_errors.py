"""What an error says of itself."""

import pytest
from recital_errors import FieldError, Malformed, NotFound, Reason, RecitalError, Unavailable


def test_an_error_without_detail_says_what_its_class_says() -> None:
    assert Unavailable("bus_down").detail == "Something this needs does not answer; nothing was changed."


def test_an_error_keeps_its_code_detail_reasons_and_fields() -> None:
    error = Malformed(
        "field_wrong", "No such party.", reasons=[Reason("notice_missing", "R03")], fields=[FieldError("a.0", "wrong")]
    )
    assert (error.code, error.detail, str(error)) == ("field_wrong", "No such party.", "field_wrong: No such party.")
    assert error.reasons == (Reason("notice_missing", "R03"),)
    assert error.fields == (FieldError("a.0", "wrong"),)


def test_missing_things_need_no_code() -> None:
    assert NotFound().code == "not_found"


def test_every_error_can_be_caught_as_one() -> None:
    with pytest.raises(RecitalError):
        raise NotFound
