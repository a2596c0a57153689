# SPDX-License-Identifier: GPL-2.0-or-later
"""A driver in a host's namespace, kept for many checks of one real server, as a daemon keeps one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Conversation, Endpoint, Reason, Verdict
from lvs_rawcheck.checks.driver import Driver
from lvs_rawcheck.checks.flow import Flow
from lvs_rawcheck.checks.path import Path, find_path
from lvs_rawcheck.checks.raw import make_steering, owner_of_mac
from lvs_rawcheck.checks.reply_mac import ReplyMac
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.link.bpf import reply_filter
from lvs_rawcheck.link.guard import GuardPool
from lvs_rawcheck.link.interface import Link
from lvs_rawcheck.link.packet import PacketLink
from lvs_rawcheck.link.rtnetlink import Netlink
from tests.checks.site import PATIENT, PORT, Family, packed, request
from tests.netns.topology import Host


class UntilClosed(Conversation):
    """Waits until the server has closed: so it is the server that closes first, and keeps TIME_WAIT."""

    def connected(self) -> Verdict | None:
        return None

    def data_received(self, octets: bytes) -> Verdict | None:
        return None

    def peer_closed(self) -> Verdict | None:
        return Verdict(Reason.OK, "the server closed")


class Rig:
    """Use as a context manager: while it is open, this thread is in the host's namespace.

    ports: how many source ports there are. wrap: what is put around the packet link.
    """

    def __init__(
        self, host: Host, family: Family, ports: int, wrap: Callable[[Link], Link] = lambda link: link
    ) -> None:
        self._host = host
        self._family = family
        self._ports = ports
        self._wrap = wrap
        self._stack = ExitStack()

    def __enter__(self) -> Rig:
        with ExitStack() as stack:
            stack.enter_context(self._host.entered())
            netlink = stack.enter_context(Netlink())
            wanted = request(self._family.real, self._family.vip)
            path = find_path(netlink, wanted)
            assert isinstance(path, Path)
            self.path = path
            self.guards = GuardPool(path.director_ip, self._ports)
            stack.callback(self.guards.close)
            program = reply_filter(path.director_ip, wanted.vips, [wanted.real_ip], [])
            self.link = self._wrap(PacketLink(path.interface.index, path.interface.mac, program))
            stack.callback(self.link.close)
            self.driver = Driver(self.link, path, self.guards)
            self._steering = make_steering(netlink, path, wanted.real_ip)
            self._reply_mac = ReplyMac(wanted.reply_mac, owner_of_mac(netlink, path, wanted.real_ip))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(
        self,
        port: int = PORT,
        timeout: float = PATIENT,
        conversation: Callable[[], Conversation] = TcpConversation,
        done: Callable[[Flow], None] = lambda flow: None,
    ) -> Flow:
        """Begin one check of the VIP at the real server."""
        endpoint = Endpoint(packed(self._family.vip), port)
        deadline = clock.now() + timeout
        return self.driver.start(endpoint, self._steering, conversation(), self._reply_mac, deadline, done)


def reason(flow: Flow) -> str:
    """Return the reason of a flow that has finished."""
    assert flow.verdict is not None
    return flow.verdict.reason
