# SPDX-License-Identifier: GPL-2.0-or-later
"""The kind `sip`: OPTIONS is answered with 200, as ldirectord's check_sip, over TCP, TLS or UDP (RFC 3261 11).

Over a stream the first final response decides, its header read to the end; provisional ones (100 Trying), which
check_sip calls a failure, are passed over. A datagram must carry our Call-ID, or it is no answer to ours.

A conversation does not know its own address. What the Via names is therefore a host that does not exist (RFC 2606 2),
with `rport`: a server answers to where the request came from, as it must for any name that is not that
address (RFC 3261 18.2.1, RFC 3581 4).
"""

from __future__ import annotations

import os
import re

from lvs_rawcheck.checks.base import Exchange, Reason, Verdict, shown
from lvs_rawcheck.checks.credentials import demand_line
from lvs_rawcheck.checks.kind import Kind
from lvs_rawcheck.checks.line_conversation import LineConversation
from lvs_rawcheck.checks.parameters import Parameter, Values, one_of
from lvs_rawcheck.checks.stream_kinds import TLS, stream_kind
from lvs_rawcheck.checks.tls_parameters import demand_no_tls_parameters
from lvs_rawcheck.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvs_rawcheck.checks.kind import Step

HEADER_OCTETS = 65536
"""What a response's header may have."""
TCP, UDP = "tcp", "udp"
_T1 = 0.5  # seconds: the first interval of repetition over UDP, RFC 3261 17.1.2.2
_ADDRESS = re.compile(r"[!#-;=?-~]+")  # printable, without what would end a URI in a header: blank " < >
_STATUS = re.compile(rb"SIP/2\.0 ([1-6][0-9]{2})(?: |$)")
_STATUS_BEGIN = b"SIP/2.0 "
_GOOD_STATUS = 200
_AWAITED = "the answer to OPTIONS"


def options_request(login: str, transport: str, token: str) -> bytes:
    """Return an OPTIONS request to and from `login`; token: what makes branch, tag and Call-ID our own."""
    lines = (
        f"OPTIONS sip:{login} SIP/2.0",
        f"Via: SIP/2.0/{transport} lvs-rawcheck.invalid;branch=z9hG4bK{token};rport",
        "Max-Forwards: 70",
        f"To: <sip:{login}>",
        f"From: <sip:{login}>;tag={token}",
        f"Call-ID: {token}",
        "CSeq: 1 OPTIONS",
        f"Contact: <sip:{login}>",
        "Accept: application/sdp",
        "Content-Length: 0",
        "",
        "",
    )
    return "\r\n".join(lines).encode()


def judge_status(line: bytes) -> Verdict | None:
    """Return what the first line of a response means, None for a provisional one."""
    match = _STATUS.match(line)
    if match is None:
        return Verdict(Reason.PROTOCOL, f"{_AWAITED}: not SIP: {shown(line)}")
    status = int(match[1])
    if status == _GOOD_STATUS:
        return Verdict(Reason.OK, f"{_AWAITED}: {shown(line)}")
    if status < _GOOD_STATUS:
        return None
    return Verdict(Reason.RESPONSE, f"{_AWAITED}: expected {_GOOD_STATUS}, got {shown(line)}")


class SipConversation(LineConversation):
    """One OPTIONS on a stream."""

    __slots__ = ("_header_octets", "_in_header", "_verdict")

    kind = "sip"

    def __init__(self, request: bytes) -> None:
        super().__init__(request)
        self._in_header = False
        self._header_octets = 0
        """How long the header is so far, without the line that has no end yet."""
        self._verdict: Verdict | None = None
        """That of the status line, until the header is complete."""

    def peer_closed(self) -> Verdict | None:
        """Say what was missing; after a good status line nothing was (check_sip reads on, and asks no more)."""
        if self._verdict is not None:
            return self._verdict
        return Verdict(Reason.CLOSED, f"closed before {_AWAITED}")

    def awaiting(self) -> str:
        """Return what is due."""
        return _AWAITED if self._verdict is None else "the end of the response's header"

    def _take_line(self, line: bytes) -> Verdict | None:
        """Take in a line; one of a header that has begun says nothing, and an empty one ends it."""
        self._header_octets += len(line) + 1
        if self._header_octets > HEADER_OCTETS:
            return _endless()
        if self._in_header:
            if not line:
                self._in_header, self._header_octets = False, 0
                return self._verdict
            return None
        if not line:
            return None  # empty lines before a message are passed over, RFC 3261 7.5
        self._in_header = True
        verdict = judge_status(line)
        if verdict is None or not verdict.healthy:
            return verdict
        self._verdict = verdict
        return None

    def _judge_begun_line(self) -> Verdict | None:
        if self._header_octets + self._lines.held_octets > HEADER_OCTETS:
            return _endless()
        begun = self._lines.begun(len(_STATUS_BEGIN))
        if not self._in_header and not _STATUS_BEGIN.startswith(begun) and begun != b"\r":
            return Verdict(Reason.PROTOCOL, f"{_AWAITED}: not SIP: {shown(self._lines.begun(HEADER_OCTETS))}")
        return None


def _endless() -> Verdict:
    return Verdict(Reason.PROTOCOL, f"{_AWAITED}: a header of more than {HEADER_OCTETS} octets")


class SipExchange(Exchange):
    """One OPTIONS in a datagram, repeated until it is answered."""

    __slots__ = ("_call_id", "_request", "_stranger")

    kind = "sip"
    interval = _T1

    def __init__(self, request: bytes, call_id: str) -> None:
        self._request = request
        self._call_id = call_id.encode()
        self._stranger = b""
        """What came that is no SIP, to be told if nothing better comes."""

    def datagram_to_send(self) -> bytes:
        """Return the request."""
        return self._request

    def datagram_received(self, octets: bytes) -> Verdict | None:
        """Return what a final response to our request means."""
        status_line, *header = octets.split(b"\r\n\r\n", 1)[0].split(b"\r\n")
        if not _STATUS.match(status_line):
            self._stranger = octets
            return None
        return judge_status(status_line) if any(map(self._is_our_call, header)) else None

    def silence(self) -> Verdict | None:
        """Return what no SIP in answer means; None: there was no answer at all."""
        if not self._stranger:
            return None
        return Verdict(Reason.PROTOCOL, f"{_AWAITED}: not SIP: {shown(self._stranger)}")

    def _is_our_call(self, line: bytes) -> bool:
        """Return whether a line is our Call-ID, by its full name or the compact one (RFC 3261 7.3.3)."""
        name, _, value = line.partition(b":")
        return name.strip().lower() in (b"call-id", b"i") and value.strip() == self._call_id


_PARAMETERS = (
    Parameter("login", "ADDRESS", "whom to ask, and who asks: user@host (default lvs-rawcheck@ this host's name)"),
    Parameter(
        "protocol",
        "PROTOCOL",
        "tcp or udp: what carries the request (default tcp)",
        convert=one_of(TCP, UDP),
        default=TCP,
    ),
)


def _login_of(values: Values) -> str:
    login = values.text("login")
    if login is None:
        login = f"lvs-rawcheck@{os.uname().nodename}"
    demand_line("the login", login)
    if not _ADDRESS.fullmatch(login):
        raise UsageError(f"the login is an address such as user@example.com, not {login!r}")
    return login


def _prepare_stream(values: Values) -> Callable[[], SipConversation]:
    login = _login_of(values)
    transport = "TLS" if values.flag(TLS.name) else "TCP"
    return lambda: SipConversation(options_request(login, transport, _token()))


def _prepare_datagram(values: Values) -> Step:
    login = _login_of(values)
    if values.flag(TLS.name):
        raise UsageError("SIP over UDP has no TLS here: --tls needs --protocol tcp")
    demand_no_tls_parameters(values)

    def make() -> SipExchange:
        token = _token()
        return SipExchange(options_request(login, "UDP", token), token)

    return make


def _token() -> str:
    return os.urandom(8).hex()


_STREAM_KIND = stream_kind("sip", "a SIP server answers OPTIONS with 200", _PARAMETERS, _prepare_stream)


def _prepare(values: Values) -> Step:
    return _prepare_datagram(values) if values.text("protocol") == UDP else _STREAM_KIND.prepare(values)


KINDS = (Kind(_STREAM_KIND.name, _STREAM_KIND.summary, _STREAM_KIND.parameters, _prepare),)
