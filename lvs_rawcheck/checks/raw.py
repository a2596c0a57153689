# SPDX-License-Identifier: GPL-2.0-or-later
"""The raw check of one real server: opens what it needs, runs one flow for each endpoint, closes all.

Order matters: first what is to be said, since it tells which protocols are spoken; then the guards (their ports are
in the filter), then the packet socket, then root is given up, and only then is the first frame read.
"""

from __future__ import annotations

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Reason, Result, Verdict
from lvs_rawcheck.checks.course import Course
from lvs_rawcheck.checks.driver import Driver
from lvs_rawcheck.checks.path import LocalServer, Path, find_path, judge_again
from lvs_rawcheck.checks.reply_mac import ReplyMac
from lvs_rawcheck.checks.request import MAC_KNOWN
from lvs_rawcheck.checks.steering import BELIEVED_SECONDS, Steering
from lvs_rawcheck.checks.steps import make_talks
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.bpf import reply_filter
from lvs_rawcheck.link.guard import GuardPool
from lvs_rawcheck.link.packet import PacketLink
from lvs_rawcheck.link.rtnetlink import Netlink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvs_rawcheck.checks.hooks import Hooks
    from lvs_rawcheck.checks.known_servers import KnownServers
    from lvs_rawcheck.checks.request import Request
    from lvs_rawcheck.link.interface import Link
    from lvs_rawcheck.link.tables import KernelTables
    from lvs_rawcheck.neighbor.resolver import Resolver

OWNERS_REMEMBERED = 1024  # MACs: more are invented, and forgotten


def run_raw(request: Request, results: list[Result], started: float, deadline: float, hooks: Hooks) -> None:
    """Fill in the verdicts of `results`, one flow each, all at once. LinkError: it cannot be judged."""
    with Netlink((deadline - clock.now()) / 2) as netlink:  # the other half is the standard check's, if that must be
        path = find_path(netlink, request)
        if isinstance(path, Verdict):
            for result in results:
                result.verdict = path
        elif isinstance(path, LocalServer):
            _run_local(netlink, request, results, started, deadline, hooks)
        else:
            _run_on_wire(netlink, request, path, results, started, deadline, hooks)


def _run_local(
    netlink: Netlink, request: Request, results: list[Result], started: float, deadline: float, hooks: Hooks
) -> None:
    from lvs_rawcheck.checks.local import LocalCheck

    checks: list[LocalCheck] = []
    try:
        for result in results:
            checks.append(LocalCheck(request, result))
        hooks.sockets_open()
        for left, check in zip(range(len(checks), 0, -1), checks, strict=True):
            now = clock.now()
            check.run(netlink, started, now + (deadline - now) / left)
    finally:
        for check in checks:
            check.close()


def _run_on_wire(
    netlink: Netlink,
    request: Request,
    path: Path,
    results: list[Result],
    started: float,
    deadline: float,
    hooks: Hooks,
) -> None:
    courses = [
        Course(
            result, make_talks(request.steps, result.endpoint), request.clean_close, started, deadline, _nothing_more
        )
        for result in results
    ]
    protocols = [protocol for course in courses for protocol in course.protocols]
    guards = GuardPool(path.director_ip, 0)
    link: Link | None = None
    try:
        ports = guards.reserve(protocols)
        program = reply_filter(path.director_ip, request.vips, [request.real_ip], ports, protocols)
        packet_link = PacketLink(path.interface.index, path.interface.mac, program, path.receive_index)
        link = hooks.wrap_link(packet_link, path)
        hooks.sockets_open()
        driver = Driver(link, path, guards)
        steering = make_steering(netlink, path, request.real_ip)
        reply_mac = _reply_mac(netlink, path, request)
        for course in courses:
            course.begin(driver, steering, reply_mac)
        driver.run()
        _judge_silence(netlink, path, [course.result for course in courses if course.in_silence])
        hooks.verdicts_given(link, path, steering.mac, results)
    finally:
        guards.close()
        if link is not None:
            link.close()


def _reply_mac(netlink: Netlink, path: Path, request: Request) -> ReplyMac:
    owner = owner_of_mac(netlink, path, request.real_ip)
    if request.reply_mac != MAC_KNOWN:
        return ReplyMac(request.reply_mac, owner)
    known: KnownServers | None = None

    def settled() -> bool:
        nonlocal known
        if known is None:
            from lvs_rawcheck.checks.known_servers import KnownServers  # only when a stranger answers

            known = KnownServers(netlink, netlink, path, request)
        return known.settled()

    return ReplyMac(request.reply_mac, owner, settled)


def _nothing_more(course: Course) -> None:
    """Go on: the driver knows when all flows have finished."""


def _judge_silence(netlink: Netlink, path: Path, silent: list[Result]) -> None:
    """Raise LinkError where nothing was heard since our own interface was lost; these results are undecided again."""
    if not silent:
        return
    try:
        judge_again(netlink, path)
    except LinkError as error:
        for result in silent:
            result.verdict = Verdict(Reason.CANNOT_JUDGE, str(error))
        raise


def make_steering(tables: KernelTables, path: Path, real_ip: bytes) -> Steering:
    """Return the steering of one real server by the kernel's neighbour table."""
    interface = path.interface

    def nudge() -> None:
        from lvs_rawcheck.link import nudge as nudging  # only where the kernel has no entry

        nudging.nudge(real_ip, interface.name, path.director_ip)

    def new_resolver() -> Resolver:
        from lvs_rawcheck.neighbor.resolver import Resolver  # only when something has to be asked

        return Resolver(real_ip, path.director_ip, interface.mac)

    return Steering(
        real_ip, lambda: tables.neighbour(interface.index, real_ip), nudge, new_resolver, path.hears_neighbours
    )


def owner_of_mac(tables: KernelTables, path: Path, real_ip: bytes) -> Callable[[bytes], bytes | None]:
    """Return what tells which other address a MAC belongs to: the director's own, or one of the neighbour tables.

    Of all interfaces, since answers may come over another one than the frames went. An answer is believed for a
    moment, so that a storm of strangers' frames does not read the tables for each of them.
    """
    remembered: dict[bytes, tuple[bytes | None, float]] = {}

    def look_up(mac: bytes) -> bytes | None:
        if any(interface.mac == mac for interface in tables.interfaces()):
            return path.director_ip
        return next((each for each in tables.addresses_of(mac) if each != real_ip), None)

    def owner(mac: bytes) -> bytes | None:
        now = clock.now()
        known = remembered.get(mac)
        if known is not None and now - known[1] < BELIEVED_SECONDS:
            return known[0]
        if len(remembered) >= OWNERS_REMEMBERED:
            remembered.clear()
        remembered[mac] = (look_up(mac), now)
        return remembered[mac][0]

    return owner
