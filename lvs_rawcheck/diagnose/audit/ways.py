# SPDX-License-Identifier: GPL-2.0-or-later
"""By which way each target is asked: a segment, this host itself, or none and why. All sockets are opened here."""

from __future__ import annotations

import resource
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from lvs_rawcheck.checks.base import Verdict
from lvs_rawcheck.checks.path import LocalServer, Path, find_path
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.checks.steps import make_talks, protocols_of
from lvs_rawcheck.diagnose.audit.probing import Outcome
from lvs_rawcheck.diagnose.audit.segment import Segment
from lvs_rawcheck.diagnose.listener import Listener, listen_on
from lvs_rawcheck.errors import ConfigError, LinkError, UsageError
from lvs_rawcheck.link.rtnetlink import Netlink

_PORTS_MOST = 400  # of one protocol on one segment
_PORTS_LEAST = 16
_DESCRIPTORS_OF_OTHERS = 400  # the services at their own addresses, files
_Way = Path | LocalServer | Verdict | str
"""Where a text says what is wrong on our side."""


@dataclass(slots=True)
class Ways:
    """What was found. local: the targets that are this host itself; segments: to be closed."""

    local: list[Outcome] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    listeners: list[Listener] = field(default_factory=list)
    """They hear who speaks in a VIP's name, from now on."""

    def close(self) -> None:
        """Give back all sockets."""
        for segment in self.segments:
            segment.close()
        for listener in self.listeners:
            listener.close()


def open_ways(outcomes: Sequence[Outcome], netlink: Netlink) -> Ways:
    """Give each outcome its segment, or its verdict where there is none; whoever calls it closes the ways.

    LinkError: there is a way for some target, and no segment could be opened at all.
    """
    ways = Ways()
    known: dict[object, _Way] = {}
    by_path: dict[tuple[int, bytes, int], tuple[Path, list[Outcome]]] = {}
    for outcome in outcomes:
        request = outcome.target.request
        key = (request.real_ip, request.interface, request.source, request.reply_interface)
        if key not in known:
            known[key] = _way(netlink, request)
        way = known[key]
        if isinstance(way, Path):
            place = (way.interface.index, way.director_ip, way.receive_index)
            by_path.setdefault(place, (way, []))[1].append(outcome)
        elif isinstance(way, LocalServer):
            ways.local.append(outcome)
        elif isinstance(way, Verdict):
            outcome.result.verdict = Verdict(way.reason, way.detail)
            outcome.asked = True
        else:
            outcome.give_up(way)
    try:
        _open_segments(ways, list(by_path.values()), netlink)
    except BaseException:
        ways.close()
        raise
    return ways


def _way(netlink: Netlink, request: Request) -> _Way:
    try:
        return find_path(netlink, request)
    except (LinkError, UsageError) as error:
        return str(error)


def _open_segments(ways: Ways, wanted: list[tuple[Path, list[Outcome]]], netlink: Netlink) -> None:
    failed: LinkError | None = None
    for path, outcomes in wanted:
        requests = [outcome.target.request for outcome in outcomes]
        protocols = _protocols(requests)
        ports = _ports(len(wanted) * max(len(protocols), 1))
        vips = list(dict.fromkeys(vip for request in requests for vip in request.vips))
        real_ips = list(dict.fromkeys(request.real_ip for request in requests))
        try:
            segment = Segment(path, netlink, vips, real_ips, protocols, ports)
        except LinkError as error:
            failed = error
            for outcome in outcomes:
                outcome.give_up(str(error))
            continue
        ways.segments.append(segment)
        with suppress(LinkError):  # without it all else can still be told
            ways.listeners.append(listen_on(path.interface, vips))
        for outcome in outcomes:
            outcome.segment = segment
    if failed is not None and not ways.segments:
        raise failed


def _protocols(requests: Sequence[Request]) -> list[int]:
    """Return the IP protocols of all steps, each kind of step looked at once."""
    found: dict[int, None] = {}
    seen = set()
    for request in requests:
        steps = tuple(map(id, request.steps))
        if steps in seen:
            continue
        seen.add(steps)
        try:
            talks = make_talks(request.steps, request.endpoints[0])
        except (UsageError, ConfigError):
            continue  # told with its cell
        found.update(dict.fromkeys(protocol for talk in talks for protocol in protocols_of(talk)))
    return list(found)


def _ports(shares: int) -> int:
    """Return how many ports may be guarded for one share; as many descriptors as we may have are taken."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = shares * _PORTS_MOST + _DESCRIPTORS_OF_OTHERS
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(min((soft - _DESCRIPTORS_OF_OTHERS) // max(shares, 1), _PORTS_MOST), _PORTS_LEAST)
