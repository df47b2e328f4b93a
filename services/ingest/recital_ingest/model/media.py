"""The header Content-Type of an upload: what its sender calls it, and the parameters of raw samples."""

from collections.abc import Mapping
from email.message import Message

from recital_ingest.model.container import raw_sound
from recital_ingest.model.raw import RawReader

HIGH_BYTE_FIRST = "audio/l16"


def media_type_of(header: str | None) -> tuple[str, Mapping[str, str]]:
    """Return the media type and its parameters, in small letters (RFC 9110 8.3.1)."""
    if header is None:
        return "", {}
    message = Message()
    message["Content-Type"] = header
    listed = message.get_params(failobj=[], unquote=True)
    parameters = {name.lower(): value.strip() for name, value in listed[1:]}
    return header.partition(";")[0].strip().lower(), parameters


def raw_reader(media_type: str, parameters: Mapping[str, str]) -> RawReader | None:
    """Return what reads raw samples; None where the body has a header. Raises Malformed, UnsupportedMedia."""
    sound = raw_sound(media_type, parameters)
    return None if sound is None else RawReader(sound, high_byte_first=media_type == HIGH_BYTE_FIRST)
