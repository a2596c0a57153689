# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the result says what was meant: read again, and compared with what it was made of.

The same virtual servers and real servers, with the same weights and times, in the same order; of the checkers only
those that were planned differ, and each of ours has the times of the one that it replaces.
"""

from __future__ import annotations

from collections import Counter

from lvs_rawcheck.config.keepalived import Configuration
from lvs_rawcheck.config.keepalived.model import (
    Checker,
    RealServer,
    TrackFile,
    Url,
    VirtualServer,
    VrrpInstance,
)
from lvs_rawcheck.errors import RawCheckError
from lvs_rawcheck.generate.keepalived.existing import FILE_CHECK
from lvs_rawcheck.generate.keepalived.plan import KeepalivedPlan
from lvs_rawcheck.generate.keepalived.timing import StanzaTimes
from lvs_rawcheck.generate.plan import PlannedCheck

_MISC = "MISC_CHECK"
_BLOCK = ("file", "weight")  # what a track_file block of ours says, and nothing else
Signature = tuple[object, ...]
_Place = tuple[str, int]


class PlanMismatch(RawCheckError):
    """The result is not what was planned: a fault of ours, or of a template. Nothing of it may be used."""


def demand_same_site(
    plan: KeepalivedPlan, present: Configuration, original: Configuration, result: Configuration
) -> None:
    """Raise PlanMismatch if the result is not the original with the planned checkers.

    present: the configuration as it is; original: the same without stanzas of ours.
    """
    instances, instances_now = original.site.instances, result.site.instances
    if [_of_instance(each) for each in instances] != [_of_instance(each) for each in instances_now]:
        raise PlanMismatch("the VRRP instances would not be the same")
    before, after = original.site.virtual_servers, result.site.virtual_servers
    if [_of_virtual(virtual) for virtual in before] != [_of_virtual(virtual) for virtual in after]:
        raise PlanMismatch("the virtual servers would not be the same")
    if _track_files_meant(plan, present, original) != Counter(map(_of_track_file, result.site.track_files)):
        raise PlanMismatch("the track_file blocks would not be those that were planned")
    expectation = _Expectation(plan, present)
    for virtual, now in zip(before, after, strict=True):
        for server, server_now in zip(virtual.real_servers, now.real_servers, strict=True):
            if _of_server(server) != _of_server(server_now):
                raise PlanMismatch(f"virtual_server {virtual.label}: real servers would not be the same")
            if expectation.of(virtual, server) != Counter(map(_of_checker, server_now.checkers)):
                raise PlanMismatch(
                    f"virtual_server {virtual.label}, real_server {server.address}: keepalived would not have the"
                    " checkers that were planned"
                )


class _Expectation:
    """The checkers that each real server should have."""

    def __init__(self, plan: KeepalivedPlan, present: Configuration) -> None:
        self._replaced = plan.replaced
        self._added = {(server.virtual_server, server.path, server.place): server.checks for server in plan.servers}
        self._left = {(left.path, left.place): left for left in plan.left if left.replaces}
        self._left_added = [left for left in plan.left if not left.replaces]
        self._now = _checkers_by_place(present)

    def of(self, virtual: VirtualServer, server: RealServer) -> Counter[Signature]:
        """Return the checkers of one real server of the original, as they should be."""
        found: list[Signature] = []
        replaced = set()
        for checker in server.checkers:
            place = _place_of(checker)
            if place in self._replaced:
                check = self._replaced[place]
                replaced.add(check.check_id)
                found.append(_of_planned(check))
            elif place in self._left:
                left = self._left[place]
                found.append(self._now[(left.path, left.stanza)])
            else:
                found.append(_of_checker(checker))
        span = server.block.span
        checks = self._added.get((virtual.label, span.file.path, span.start), [])
        found += [_of_planned(check) for check in checks if check.check_id not in replaced]
        found += self._of_left_added(server)
        return Counter(found)

    def _of_left_added(self, server: RealServer) -> list[Signature]:
        if not self._left_added:
            return []
        span = server.span
        if span is None:
            return []
        return [
            self._now[(left.path, left.stanza)]
            for left in self._left_added
            if left.path == span.file.path and span.start <= left.place < span.end
        ]


def _checkers_by_place(configuration: Configuration) -> dict[_Place, Signature]:
    return {
        _place_of(checker): _of_checker(checker)
        for virtual in configuration.site.virtual_servers
        for server in virtual.real_servers
        for checker in server.checkers
        if checker.kind in (_MISC, FILE_CHECK)
    }


def _track_files_meant(plan: KeepalivedPlan, present: Configuration, original: Configuration) -> Counter[Signature]:
    """Return the site's own, those of ours that stay as they are, and those that are planned."""
    own = Counter(map(_of_track_file, original.site.track_files))
    left = Counter(_of_track_file(each) for each in present.site.track_files if each.name in plan.left_track_files)
    planned: Counter[Signature] = Counter((name, path, 0, _BLOCK) for name, path in plan.track_files.items())
    return own + left + planned


def _of_track_file(track_file: TrackFile) -> Signature:
    words = tuple(child.keyword for child in track_file.block.children)
    return track_file.name, track_file.file, track_file.weight, words


def _place_of(checker: Checker) -> _Place:
    span = checker.block.span
    return span.file.path, span.start


def _of_instance(instance: VrrpInstance) -> Signature:
    addresses = [virtual_ip.address for virtual_ip in instance.virtual_ips]
    return instance.name, instance.interface, instance.state, addresses


def _of_virtual(virtual: VirtualServer) -> Signature:
    group = virtual.group
    entries = [(each.first, each.last, each.port, each.fwmark) for each in group.entries] if group else []
    return (
        *(virtual.label, virtual.address, virtual.port, virtual.fwmark, virtual.group_name, entries),
        *(virtual.protocol, virtual.method, virtual.scheduler, virtual.ha_suspend, virtual.persistent),
        *(virtual.quorum, virtual.hysteresis, virtual.weight, virtual.delay_loop, virtual.connect_timeout),
        *(virtual.timers, virtual.dropped, len(virtual.real_servers), len(virtual.dropped_servers)),
    )


def _of_server(server: RealServer) -> Signature:
    return (
        *(server.address, server.port, server.method, server.weight, server.inhibit_on_failure),
        *(server.timers, server.virtualhost, server.dropped),
    )


def _of_planned(check: PlannedCheck) -> Signature:
    if check.track_file:
        return FILE_CHECK, check.track_file, 0, False
    times = check.times
    assert isinstance(times, StanzaTimes)
    pace = times.after
    times_written = (pace.retry, pace.delay_before_retry, pace.delay_loop, times.warmup, times.alpha)
    return _MISC, *times_written, check.command, times.misc_timeout, check.user, False, None


def _of_checker(checker: Checker) -> Signature:
    parameters = checker.parameters
    if checker.kind == FILE_CHECK:
        return FILE_CHECK, parameters.get("track_file"), parameters.get("weight"), bool(parameters.get("reverse"))
    times = (checker.retry, checker.delay_before_retry, checker.delay_loop, checker.warmup, checker.alpha)
    if checker.kind == _MISC and checker.script is not None:
        argv, user = tuple(checker.script.argv), checker.script.user
        timeout, dynamic = parameters.get("misc_timeout"), bool(parameters.get("misc_dynamic"))
        return _MISC, *times, argv, timeout, user, dynamic, checker.dropped
    own = repr(sorted(parameters.items())), tuple(map(_of_url, checker.urls)), repr(checker.hosts)
    return checker.kind, *times, checker.connect_timeout, repr(checker.connection), own


def _of_url(url: Url) -> Signature:
    return (
        *(url.path, url.digest, tuple(url.status), url.virtualhost, url.tls_compliant),
        *(url.regex, url.regex_no_match, tuple(url.regex_options), url.regex_min_offset, url.regex_max_offset),
        url.regex_stack,
    )
