# SPDX-License-Identifier: GPL-2.0-or-later
"""The kind `http_proxy`: a proxy fetches an URL, and the answer is as expected (RFC 9112 3.2.2, absolute form).

As ldirectord's check_http for the service http_proxy: the URL is asked for as it stands, but of the real server. What
may be said and expected is http's; ldirectord's `receive` is a regex of the dialect perl. Redirects, which libwww-perl
follows, are a status like any other.
"""

from __future__ import annotations

import re

from lvs_rawcheck.checks.http.kind import ASKING, EXPECTING
from lvs_rawcheck.checks.http.kind import prepare as prepare_http
from lvs_rawcheck.checks.http.request import parse_host, parse_word
from lvs_rawcheck.checks.parameters import Parameter, Values, defaults
from lvs_rawcheck.checks.stream_kinds import stream_kind
from lvs_rawcheck.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.stream_kinds import MakeConversation

_URL = re.compile(rb"http://([^/?#@]+)(/[^#]*)?", re.IGNORECASE)
_OF_THE_URL = ("path", "host", "no_host")
"""What http is told apart, and an URL says."""


class Url:
    """What is asked for, and the host that the Host header names."""

    __slots__ = ("host", "target")

    def __init__(self, host: bytes, target: bytes) -> None:
        self.host = host
        self.target = target


def parse_url(text: str) -> Url:
    """Return an absolute http URL; UsageError. One without a path asks for /."""
    octets = parse_word("url", text)
    match = _URL.fullmatch(octets)
    if match is None:
        raise UsageError(
            f"url is http://HOST[:PORT]/PATH, without user and without #: {text!r}"
            " (https is no request to a proxy, it is tunnelled)"
        )
    host = parse_host(match[1].decode("utf-8", "surrogateescape"))
    return Url(host, octets if match[2] else octets + b"/")


_PARAMETERS = (
    Parameter("url", "URL", "what the proxy shall fetch, http://HOST[:PORT]/PATH", parse_url),
    *(parameter for parameter in ASKING if parameter.name not in _OF_THE_URL),
    *EXPECTING,
)


def prepare(values: Values) -> MakeConversation:
    """Return what makes the conversation; UsageError."""
    url = values.value("url")
    if not isinstance(url, Url):
        raise UsageError("http_proxy wants an url to fetch")
    told = {parameter.name: values.value(parameter.name) for parameter in _PARAMETERS}
    return prepare_http(Values({**defaults(ASKING), **told, "path": url.target, "host": url.host}))


KINDS = (stream_kind("http_proxy", "an HTTP proxy fetches an URL", _PARAMETERS, prepare),)
