# SPDX-License-Identifier: GPL-2.0-or-later
"""The service at the real server's own address, asked by the kernel's sockets as a backup's check would be.

Where the VIP did not answer, it is asked whether something listens there: by a connection, or by the same datagrams
where the kind has no connection. Where the VIP answered and did not pass, the whole check is made there.
"""

from __future__ import annotations

from contextlib import closing
from copy import copy

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Endpoint, Reason, Result, Verdict
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.checks.standard_course import StandardCourse
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.diagnose.observations import Answer
from lvs_rawcheck.diagnose.probe import OWN_SERVICE, Probe
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.sock_diag import listener
from lvs_rawcheck.wire.address import format_endpoint
from lvs_rawcheck.wire.ip import PROTO_TCP, PROTO_UDP

OWN_CONNECT_SECONDS = 1.3  # the kernel repeats its SYN after 1 s (RFC 6298 2.1)
OWN_CHECK_SECONDS = 10.0  # as much as the check itself had, and at most this

_ANSWERS = {
    Reason.OK: Answer.PASSED,
    Reason.CANNOT_JUDGE: Answer.FAILED,
    Reason.REFUSED: Answer.REFUSED,
    Reason.UNREACHABLE: Answer.REFUSED,  # by ICMP: how it is said where there is no RST
    Reason.NO_ANSWER: Answer.SILENCE,
    Reason.NO_NEIGHBOUR: Answer.UNREACHABLE,
    Reason.NOT_ON_LINK: Answer.UNREACHABLE,
}
_SPEAKS_FOR_ITSELF = (Reason.REFUSED, Reason.NO_ANSWER)


def probe_own_listener(real_ip: bytes, port: int, protocol: int) -> Probe:
    """Return whether this host, the real server itself, listens on its own address; asked of the kernel.

    protocol: TCP or UDP; of others nothing can be asked.
    """
    text = f"a listener on {format_endpoint(real_ip, port)}"
    if protocol not in (PROTO_TCP, PROTO_UDP):
        return Probe(OWN_SERVICE, text, Answer.NOT_ASKED)
    try:
        listening = listener(real_ip, port, protocol)
    except LinkError as error:
        return Probe(OWN_SERVICE, text, Answer.FAILED, str(error))
    return Probe(OWN_SERVICE, text, Answer.CONNECTED if listening else Answer.REFUSED)


class OwnCheck:
    """The same check at the real server's own address. Close it.

    To make one opens what may need privileges, so that they can be given up before it is asked. director_ip: the
    source; left to itself the kernel may choose a VIP, and the server would answer to itself.
    """

    def __init__(self, request: Request, endpoint: Endpoint, director_ip: bytes) -> None:
        self.where = format_endpoint(request.real_ip, endpoint.port)
        self._result = Result(request.kind, request.real_ip, endpoint, Verdict(Reason.CANNOT_JUDGE, "not asked"))
        self._course: StandardCourse | None = None
        try:
            self._course = StandardCourse(request, endpoint, endpoint.port, director_ip)
        except LinkError as error:
            self._result.verdict = Verdict(Reason.CANNOT_JUDGE, str(error))

    def close(self) -> None:
        """Close what was opened; twice is harmless."""
        if self._course is not None:
            self._course.close()

    def probe(self, seconds: float) -> Probe:
        """Return what the check makes of it, within this time."""
        return own_probe(self.where, self.verdict(seconds), connected=False)

    def verdict(self, seconds: float) -> Verdict:
        """Return the verdict, within this time."""
        if self._course is not None:
            now = clock.now()
            try:
                self._course.run(self._result, now, now + seconds)
            except LinkError as error:
                return Verdict(Reason.CANNOT_JUDGE, str(error))
        return self._result.verdict


def probe_own_connection(request: Request, endpoint: Endpoint, director_ip: bytes) -> Probe:
    """Return whether a TCP connection can be made there; director_ip: as above."""
    connecting = copy(request)
    connecting.steps = (TcpConversation,)
    with closing(OwnCheck(connecting, endpoint, director_ip)) as own:
        return own_probe(own.where, own.verdict(OWN_CONNECT_SECONDS), connected=True)


def own_check_seconds(request: Request) -> float:
    """Return how long the check may take there."""
    return min(request.timeout, OWN_CHECK_SECONDS)


def own_probe(where: str, verdict: Verdict, *, connected: bool) -> Probe:
    """Return what a verdict says of the service at its own address. connected: only a connection was asked for."""
    if connected:
        answer = Answer.CONNECTED if verdict.healthy else _ANSWERS.get(verdict.reason, Answer.SILENCE)
        question = f"TCP connection to {where}"
    else:
        answer = _ANSWERS.get(verdict.reason, Answer.NOT_PASSED)
        question = f"the same check of {where}"
    nothing_more = answer == Answer.CONNECTED or verdict.reason in _SPEAKS_FOR_ITSELF
    return Probe(OWN_SERVICE, question, answer, "" if nothing_more else verdict.detail)
