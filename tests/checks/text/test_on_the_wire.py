# SPDX-License-Identifier: GPL-2.0-or-later
"""Text protocols with a kernel's TCP and UDP opposite, from the active director (raw) and from the standby."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from lvs_rawcheck.checks.base import RAW, STANDARD, Reason, Result
from tests.checks.site import V4, V6, Family, assert_reason, both_families
from tests.checks.text.serving import PORT, SECONDS, Serving, answers
from tests.kinds.site import Site, check
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns

LINGER_RESET = struct.pack("ii", 1, 0)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Network() as network:
        yield Site(network)


def answers_at_the_end(connection: socket.socket) -> None:
    """Repeat what was said, once no more will be."""
    said = connection.makefile("rb").read()
    connection.sendall(b"you said " + said)


def drips(connection: socket.socket) -> None:
    """Greet one octet a segment."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for octet in b"220-a very\r\n220 slow one\r\n":
        connection.send(bytes([octet]))
    answers(b"", b"250 well\r\n", b"221 bye\r\n")(connection)


def resets_at_goodbye(connection: socket.socket) -> None:
    """Answer QUIT with a RST."""
    lines = connection.makefile("rb")
    connection.sendall(b"220 ready\r\n")
    lines.readline()
    connection.sendall(b"250 well\r\n")
    lines.readline()
    lines.close()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)


def options_answered(connection: socket.socket) -> None:
    """Answer one SIP request with 200."""
    lines = connection.makefile("rb")
    while lines.readline().strip():
        pass
    connection.sendall(b"SIP/2.0 100 Trying\r\n\r\nSIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n")
    lines.read()


def on_both_paths(site: Site, family: Family, kind: str, *options: str) -> list[Result]:
    """Return the results of both directors, each of the path that it has to be."""
    raw, standard = (check(host, family, kind, PORT, options) for host in (site.active, site.standby))
    assert (raw.path, standard.path) == (RAW, STANDARD)
    return [raw, standard]


@both_families
def test_nntp(site: Site, family: Family) -> None:
    with Serving(site.real, answers(b"200 news.example\r\n")):
        for result in on_both_paths(site, family, "nntp"):
            assert_reason(result, Reason.OK)
            assert "first_octet" in result.phases_ms
    with Serving(site.real, answers(b"400 closed\r\n")):
        for result in on_both_paths(site, family, "nntp"):
            assert_reason(result, Reason.RESPONSE)


@both_families
def test_sip_over_tcp(site: Site, family: Family) -> None:
    with Serving(site.real, options_answered):
        for result in on_both_paths(site, family, "sip"):
            assert_reason(result, Reason.OK)


@pytest.mark.parametrize("options", [(), ("--clean-close",)], ids=["reset", "clean close"])
def test_simpletcp_ends_its_half_so_that_a_server_that_reads_to_the_end_answers(
    site: Site, options: tuple[str, ...]
) -> None:
    asked = ("--request", "PING\\n", "--receive", "^you said PING$", *options)
    with Serving(site.real, answers_at_the_end):
        for result in on_both_paths(site, V4, "simpletcp", *asked):
            assert_reason(result, Reason.OK)
        for result in on_both_paths(site, V6, "simpletcp", "--receive", "PONG"):
            assert_reason(result, Reason.REGEX)


def test_a_reply_that_drips(site: Site) -> None:
    with Serving(site.real, drips):
        for result in on_both_paths(site, V4, "smtp"):
            assert_reason(result, Reason.OK)


def test_a_reset_at_the_goodbye_counts_where_the_goodbye_does(site: Site) -> None:
    with Serving(site.real, resets_at_goodbye):
        for result in on_both_paths(site, V6, "submission"):
            assert_reason(result, Reason.OK)
        for result in on_both_paths(site, V6, "smtp"):
            assert_reason(result, Reason.CLOSED)


def test_silence_at_the_goodbye_counts_where_the_goodbye_does(site: Site) -> None:
    with Serving(site.real, answers(b"220 ready\r\n", b"250 well\r\n")):
        for kind, reason in (("submission", Reason.OK), ("smtp", Reason.TIMEOUT)):
            for host in (site.active, site.standby):
                assert_reason(check(host, V4, kind, PORT, (), timeout=0.3), reason)


def test_oracle_is_a_listener(site: Site) -> None:
    with Serving(site.real, answers(b"")):
        for result in on_both_paths(site, V4, "oracle"):
            assert_reason(result, Reason.OK)
    for result in on_both_paths(site, V4, "oracle"):
        assert_reason(result, Reason.REFUSED)


# SIP over UDP -------------------------------------------------------------------------------------------


class SipDatagrams:
    """A SIP server on the VIP and on the real server's own address of one family; says what it is told to say."""

    def __init__(self, host: Host, family: Family, status: str) -> None:
        kind = socket.AF_INET6 if family is V6 else socket.AF_INET
        with host.entered():
            self._sockets = [socket.socket(kind, socket.SOCK_DGRAM) for _ in range(2)]
        for each, address in zip(self._sockets, (family.vip, family.real), strict=True):
            each.bind((address, PORT))
        self._status = status.encode()
        self._threads = [threading.Thread(target=self._serve, args=(each,)) for each in self._sockets]

    def __enter__(self) -> SipDatagrams:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for each, thread in zip(self._sockets, self._threads, strict=True):
            self._end(each)
            thread.join(SECONDS)
            each.close()

    def _end(self, each: socket.socket) -> None:
        try:
            each.shutdown(socket.SHUT_RDWR)  # of a socket without a peer: recvfrom returns all the same
        except OSError:
            return

    def _serve(self, each: socket.socket) -> None:
        while True:
            request, peer = each.recvfrom(65536)
            if not request:
                return
            header = [line for line in request.split(b"\r\n") if line.startswith((b"Via", b"Call-ID", b"CSeq"))]
            each.sendto(b"\r\n".join((b"SIP/2.0 " + self._status, *header, b"", b"")), peer)


@both_families
@pytest.mark.parametrize(("status", "reason"), [("200 OK", Reason.OK), ("503 Busy", Reason.RESPONSE)])
def test_sip_over_udp(site: Site, family: Family, status: str, reason: str) -> None:
    with SipDatagrams(site.real, family, status):
        for result in on_both_paths(site, family, "sip", "--protocol", "udp"):
            assert_reason(result, reason)
