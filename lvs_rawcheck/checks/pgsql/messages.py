# SPDX-License-Identifier: GPL-2.0-or-later
"""PostgreSQL's messages (manual, "Message Formats"): a letter, four octets of length, the content."""

from __future__ import annotations

from lvs_rawcheck.checks.base import shown
from lvs_rawcheck.checks.messages import demand_length
from lvs_rawcheck.errors import RemoteProtocolError

SSL_REQUEST = bytes.fromhex("00000008 04d2162f")
TERMINATE = b"X\x00\x00\x00\x04"
LENGTH_OCTETS = 4
HEADER_OCTETS = 1 + LENGTH_OCTETS
_PROTOCOL = 3 << 16
_APPLICATION = "lvs-rawcheck"

_TYPES = {
    b"R": "authentication",
    b"S": "parameter status",
    b"K": "backend key data",
    b"Z": "ready for query",
    b"T": "row description",
    b"D": "data row",
    b"C": "command complete",
    b"E": "error",
    b"N": "notice",
    b"A": "notification",
    b"I": "empty query response",
    b"G": "copy in response",
    b"H": "copy out response",
    b"W": "copy both response",
    b"d": "copy data",
    b"c": "copy done",
    b"v": "negotiate protocol version",
}


def measure(octets: bytearray) -> int | None:
    """Return the octets of the message that begins a buffer; RemoteProtocolError where none of the server's does."""
    if octets and bytes(octets[:1]) not in _TYPES:
        raise RemoteProtocolError(f"octets that are not PostgreSQL's: {shown(bytes(octets))}")
    if len(octets) < HEADER_OCTETS:
        return None
    return demand_length(1 + int.from_bytes(octets[1:HEADER_OCTETS], "big"), HEADER_OCTETS)


def startup(login: str, database: str) -> bytes:
    """Return the StartupMessage; database: "" for the one of the login's name."""
    words = ["user", login, *(("database", database) if database else ()), "application_name", _APPLICATION]
    content = _PROTOCOL.to_bytes(4, "big") + b"".join(word.encode() + b"\0" for word in words) + b"\0"
    return (LENGTH_OCTETS + len(content)).to_bytes(LENGTH_OCTETS, "big") + content


def message(letter: bytes, content: bytes) -> bytes:
    """Return a message of ours."""
    return letter + (LENGTH_OCTETS + len(content)).to_bytes(LENGTH_OCTETS, "big") + content


def query(text: str) -> bytes:
    """Return a simple query."""
    return message(b"Q", text.encode() + b"\0")


def name_of(letter: bytes) -> str:
    """Return what a message of the server's is called."""
    return _TYPES.get(letter, "message")


def error_sentence(content: bytes) -> str:
    """Return what an ErrorResponse or NoticeResponse says: `FATAL 28P01 'password authentication failed ...'`.

    Manual, "Error and Notice Message Fields": a letter, a text, a NUL; a NUL at the end.
    """
    fields = {field[:1]: field[1:] for field in content.split(b"\0") if field}
    severity, state = (_word(fields.get(letter, b"")) for letter in (b"S", b"C"))
    return f"{severity} {state} {shown(fields.get(b'M', b''))}"


def _word(octets: bytes) -> str:
    """Return a word of the server's, fit to stand in a sentence without quotes."""
    text = octets[:20].decode("utf-8", "replace")
    return text if text.isalnum() else shown(octets[:20])


def rows_of(content: bytes) -> int:
    """Return how many rows a CommandComplete counts: the number that ends its tag, 0 without one."""
    number = content.rstrip(b"\0").rpartition(b" ")[2]
    return int(number) if number.isdigit() and len(number) <= 20 else 0


def parameter_status(content: bytes) -> tuple[bytes, bytes]:
    """Return the name and the value of a ParameterStatus."""
    name, _, value = content.partition(b"\0")
    return name, value.rstrip(b"\0")
