# SPDX-License-Identifier: GPL-2.0-or-later
"""The request, octet by octet our own: HTTP/1.0 as well as 1.1, with Host or without.

As keepalived's (request_template in check_http.c), with a User-Agent of our own. RFC 9112 3.
"""

from __future__ import annotations

import re

from lvs_rawcheck.checks.parameters import password_from_file
from lvs_rawcheck.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from lvs_rawcheck.checks.base import Endpoint

USER_AGENT = b"lvs-rawcheck"
CLOSE = "close"
VERSIONS = {"1.0": ("1.0", None), "1.0C": ("1.0", CLOSE), "1.1": ("1.1", CLOSE)}
"""keepalived's http_protocol: the version, and what the Connection header says."""

_UNFIT_IN_WORDS = re.compile(rb"[\0-\x20\x7f]")
_UNFIT_IN_VALUES = re.compile(rb"[\0\r\n]")
_FIELD_NAME = re.compile(rb"[-!#$%&'*+.^_`|~0-9A-Za-z]+")  # RFC 9110 5.6.2, token
_FRAMING = (b"content-length", b"transfer-encoding")

Header = tuple[bytes, bytes]


class HttpRequest:
    """What is asked. host: None is the endpoint itself, `VIP:PORT`, as keepalived has it."""

    __slots__ = ("_after_host", "_before_host", "host", "method", "names_host")

    def __init__(
        self,
        target: bytes,
        host: bytes | None = None,
        headers: Iterable[Header] = (),
        method: str = "GET",
        version: str = "1.0",
        names_host: bool = True,
    ) -> None:
        """names_host: False leaves the Host header out. version: a key of VERSIONS."""
        number, connection = VERSIONS[version]
        self.method = method
        self.host = host
        self.names_host = names_host
        self._before_host = b"%s %s HTTP/%s\r\n" % (method.encode(), target, number.encode())
        given = list(headers)
        names = {name.lower() for name, _ in given}
        ours = [] if b"user-agent" in names else [(b"User-Agent", USER_AGENT)]
        if connection is not None and b"connection" not in names:
            ours.append((b"Connection", connection.encode()))
        self._after_host = b"".join(b"%s: %s\r\n" % header for header in (*ours, *given)) + b"\r\n"

    def to_octets(self, endpoint: Endpoint | None) -> bytes:
        """Return the request; endpoint: what is checked, None if it is not known and another host is named."""
        if not self.names_host:
            return self._before_host + self._after_host
        host = self.host
        if host is None:
            assert endpoint is not None
            host = str(endpoint).encode()
        return b"%sHost: %s\r\n%s" % (self._before_host, host, self._after_host)


def octets_of(text: str) -> bytes:
    """Return what was meant by a word of a command line or of a file."""
    return text.encode("utf-8", "surrogateescape")


def parse_word(what: str, text: str) -> bytes:
    """Return a word of a request: no blank, no control character, else it could say a second request; UsageError."""
    octets = octets_of(text)
    if not octets or _UNFIT_IN_WORDS.search(octets):
        raise UsageError(f"{what} is empty, or has a blank or a control character: {text!r} (a blank is written %20)")
    return octets


def parse_path(text: str) -> bytes:
    """Return the path of an URL, query and all; UsageError."""
    octets = parse_word("path", text)
    if not octets.startswith(b"/"):
        raise UsageError(f"path does not begin with /: {text!r}")
    return octets


def parse_host(text: str) -> bytes:
    """Return what a Host header can say; UsageError."""
    return parse_word("host", text)


def parse_header(text: str) -> Header:
    """Return name and value of `Name: value`; UsageError."""
    name, colon, value = octets_of(text).partition(b":")
    if not colon:
        raise UsageError(f"a header is written `Name: value`: {text!r}")
    _demand_header(text, name, value)
    return name, value.strip(b" \t")


def parse_request_header(text: str) -> Header:
    """Return name and value of a header that may be added to a request; UsageError."""
    name, value = parse_header(text)
    if name.lower() == b"host":
        raise UsageError(f"the Host header is said by host: {text!r}")
    if name.lower() in _FRAMING:
        raise UsageError(f"a request without a body has no such header: {text!r}")
    return name, value


def header_from_file(path: str) -> Header:
    """Return the header that the first line of a file is, which only its owner can read; UsageError that tells none."""
    line = password_from_file(path)
    try:
        return parse_request_header(line)
    except UsageError:
        raise UsageError(f"the first line of {path!r} is no header to add to a request: `Name: value`") from None


def parse_expected_header(text: str) -> tuple[bytes, bytes | None]:
    """Return name, in lower case, and value of `Name: value`, or of `Name` alone without value; UsageError."""
    if ":" in text:
        name, value = parse_header(text)
        return name.lower(), value
    octets = octets_of(text)
    _demand_header(text, octets, b"")
    return octets.lower(), None


def _demand_header(text: str, name: bytes, value: bytes) -> None:
    if not _FIELD_NAME.fullmatch(name):
        raise UsageError(f"not the name of a header (letters, digits, - and the like): {text!r}")
    if _UNFIT_IN_VALUES.search(value):
        raise UsageError(f"a header has no line end, and no NUL: {text!r}")
