# SPDX-License-Identifier: GPL-2.0-or-later
"""Several connections more, all at once: what passes now and then is found out.

A real server that is a director of the VIP itself gives some connections to its own service and passes others on
(ip_vs_in of the kernel's IPVS runs before local delivery), so that one check in two may pass.
"""

from __future__ import annotations

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Endpoint, Reason, Result, Verdict
from lvs_rawcheck.checks.course import Course
from lvs_rawcheck.checks.driver import Driver
from lvs_rawcheck.checks.path import Path
from lvs_rawcheck.checks.raw import make_steering, owner_of_mac
from lvs_rawcheck.checks.reply_mac import ReplyMac
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.checks.steps import make_talks
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.diagnose.observations import Answer
from lvs_rawcheck.diagnose.probe import AGAIN, Probe
from lvs_rawcheck.diagnose.recording import RecordedFrame, Recording
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.bpf import reply_filter
from lvs_rawcheck.link.guard import GuardPool
from lvs_rawcheck.link.packet import PacketLink
from lvs_rawcheck.link.rtnetlink import Netlink
from lvs_rawcheck.wire.address import format_endpoint
from lvs_rawcheck.wire.ip import PROTO_TCP

CONNECTIONS = 6  # of two directors each gets half: all six pass by chance once in 64 times
AGAIN_SECONDS = 1.0

_ANSWERS = {Reason.LOOPED: Answer.LOOPED, Reason.WRONG_MAC: Answer.OTHER_MAC}


class AgainProbe:
    """TCP connections to one VIP at its real server's MAC, closed at once. Close it.

    To make one opens what needs privileges, so that they can be given up before it is asked. LinkError: it cannot be.
    """

    def __init__(self, request: Request, endpoint: Endpoint, path: Path) -> None:
        self._request = request
        self._endpoint = endpoint
        self._path = path
        self._guards = GuardPool(path.director_ip, 0)
        try:
            ports = self._guards.reserve([PROTO_TCP] * CONNECTIONS)
            program = reply_filter(path.director_ip, [endpoint.vip], [request.real_ip], ports)
            link = PacketLink(path.interface.index, path.interface.mac, program, path.receive_index)
        except BaseException:
            self._guards.close()
            raise
        self._recording = Recording()
        self._link = self._recording.wrap(link)

    @property
    def frames(self) -> list[RecordedFrame]:
        """Return what passed: the evidence, where one was passed on."""
        return self._recording.frames

    def close(self) -> None:
        """Close what was opened; twice is harmless."""
        self._guards.close()
        self._link.close()

    def probe(self) -> Probe:
        """Return what became of the connections: PASSED all, or the worst of one that was passed on."""
        text = f"{CONNECTIONS} more TCP connections to {format_endpoint(self._endpoint.vip, self._endpoint.port)}"
        try:
            verdicts = self._verdicts()
        except LinkError as error:
            return Probe(AGAIN, text, Answer.FAILED, str(error))
        for verdict in verdicts:
            if verdict.reason in _ANSWERS:
                return Probe(AGAIN, text, _ANSWERS[verdict.reason], verdict.detail)
        failed = [verdict for verdict in verdicts if not verdict.healthy]
        if not failed:
            return Probe(AGAIN, text, Answer.PASSED)
        return Probe(AGAIN, text, Answer.NOT_PASSED, f"{len(failed)} failed: {failed[0].detail}")

    def _verdicts(self) -> list[Verdict]:
        now = clock.now()
        driver = Driver(self._link, self._path, self._guards)
        with Netlink() as netlink:
            steering = make_steering(netlink, self._path, self._request.real_ip)
            reply_mac = ReplyMac(
                self._request.reply_mac, owner_of_mac(netlink, self._path, self._request.real_ip), lambda: True
            )
            courses = [self._course(now) for _ in range(CONNECTIONS)]
            for course in courses:
                course.begin(driver, steering, reply_mac)
            driver.run()
        return [course.result.verdict for course in courses]

    def _course(self, now: float) -> Course:
        unasked = Verdict(Reason.CANNOT_JUDGE, "not asked")
        result = Result(TcpConversation.kind, self._request.real_ip, self._endpoint, unasked)
        talks = make_talks((TcpConversation,), self._endpoint)
        return Course(result, talks, False, now, now + AGAIN_SECONDS, _nothing_more)


def _nothing_more(course: Course) -> None:
    """Go on: the driver knows when all have finished."""
