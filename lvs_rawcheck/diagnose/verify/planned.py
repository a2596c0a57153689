# SPDX-License-Identifier: GPL-2.0-or-later
"""The stanzas of ours in a configuration: what we mean keepalived to run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lvs_rawcheck.checks.request_values import parse_endpoints
from lvs_rawcheck.config.keepalived import Configuration
from lvs_rawcheck.config.keepalived.model import Checker, RealServer, TrackFile, VirtualServer
from lvs_rawcheck.config.tree import Span
from lvs_rawcheck.diagnose.verify.finding import Finding
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.generate.keepalived.notify import notify_spans
from lvs_rawcheck.generate.keepalived.told import told_by_track_file
from lvs_rawcheck.generate.marker import find_marked
from lvs_rawcheck.registry.names import parse_check_id
from lvs_rawcheck.wire.address import format_address, parse_address

MISC_CHECK = "MISC_CHECK"
_VERDICT = "verdict"
_PROGRAM = "lvs-rawcheck"
_DROP_INS = ("check_tcp_raw", "check_http_get_raw", "check_http_raw")
_RUN, _CHECK = "run", "check"
_ROLE_OPTIONS = ("-r", "--role-file")


@dataclass(slots=True)
class PlannedCheck:
    """One stanza of ours. check_id: in the registry; None: all is on its command line.

    argv: its command, none of a FILE_CHECK; track_file: the path of what that goes by.
    """

    virtual: VirtualServer
    real: RealServer
    checker: Checker
    argv: list[str]
    check_id: str | None
    track_file: str | None = None

    @property
    def user(self) -> str | None:
        """Return the user that the stanza names."""
        return self.checker.script.user if self.checker.script is not None else None

    @property
    def virtual_key(self) -> str:
        """Return the virtual server's name in keepalived's dump."""
        return virtual_key(self.virtual)

    @property
    def virtual_address(self) -> bytes | None:
        """Return the VIP of a virtual server that has one of its own."""
        return parse_address(self.virtual.address) if self.virtual.address is not None else None

    @property
    def address(self) -> bytes:
        """Return the real server's address."""
        return parse_address(self.real.address)

    @property
    def label(self) -> str:
        """Return what a finding calls it: its ID, or real and virtual server."""
        return self.check_id or f"{format_address(self.address)} of {self.virtual_key}"

    @property
    def place(self) -> str:
        """Return file and line of its stanza."""
        span = self.checker.block.span
        return f"{span.file.path}:{span.line}"

    @property
    def role_file(self) -> str | None:
        """Return the role file that its command line names, if any."""
        for word, value in zip(self.argv, self.argv[1:], strict=False):
            if word in _ROLE_OPTIONS:
                return value
        return None

    @property
    def vips(self) -> set[bytes]:
        """Return the VIPs that its command line names, none for one of the registry."""
        if self.check_id is not None or self.argv[1:2] != [_CHECK] or len(self.argv) < 5:
            return set()
        try:
            return {endpoint.vip for endpoint in parse_endpoints(self.argv[4], 1)}
        except UsageError:
            return set()


def virtual_key(virtual: VirtualServer) -> str:
    """Return how format_vs() of keepalived's check_data.c names a virtual server."""
    if virtual.address is not None:
        return f"[{format_address(parse_address(virtual.address))}]:{virtual.protocol}:{virtual.port}"
    if virtual.fwmark is not None:
        return f"FWM {virtual.fwmark}"
    return f"[{virtual.group_name}]:0"


def planned_checks(configuration: Configuration) -> tuple[list[PlannedCheck], list[Finding]]:
    """Return the stanzas that keepalived would run, and what is wrong with others already as they stand."""
    planned: list[PlannedCheck] = []
    findings: list[Finding] = []
    blocks = {each.name: each for each in configuration.site.track_files}
    seen = {(span.file.path, span.start) for span in _other_spans(configuration)}
    for virtual in configuration.site.virtual_servers:
        for real in (*virtual.real_servers, *virtual.dropped_servers):
            for check in _ours(virtual, real, blocks):
                if (span := check.checker.span) is not None:
                    seen.add((span.file.path, span.start))
                reason = check.checker.dropped or real.dropped or virtual.dropped
                if reason is None:
                    planned.append(check)
                else:
                    findings.append(_left_out(check, reason))
    return planned, [*findings, *_lost_markers(configuration, seen)]


def _other_spans(configuration: Configuration) -> Iterator[Span]:
    yield from notify_spans(configuration.site)
    yield from (span for each in configuration.site.track_files if (span := each.span) is not None)


def _ours(virtual: VirtualServer, real: RealServer, blocks: dict[str, TrackFile]) -> Iterator[PlannedCheck]:
    for checker in real.checkers:
        name = told_by_track_file(checker, blocks)
        if name is not None:
            yield PlannedCheck(virtual, real, checker, [], name, blocks[name].file)
        argv = checker.script.argv if checker.kind == MISC_CHECK and checker.script is not None else []
        if argv:
            found = _check_of(argv)
            if found is not None:
                yield PlannedCheck(virtual, real, checker, argv, found or None)


def is_ours(argv: list[str]) -> bool:
    """Return whether a command line of keepalived's is one of ours."""
    return bool(argv) and _check_of(argv) is not None


def _check_of(argv: list[str]) -> str | None:
    """Return the ID that a command line of ours names, "" for one that names none; None: it is not ours."""
    program = argv[0].rpartition("/")[2]
    if program in _DROP_INS or (program == _PROGRAM and argv[1:2] == [_CHECK]):
        return ""
    if program == _VERDICT or (program == _PROGRAM and argv[1:2] == [_RUN]):
        for word in argv[1:]:
            try:
                parse_check_id(word)
            except UsageError:
                continue
            return word
    return None


def _left_out(check: PlannedCheck, reason: str) -> Finding:
    what = f"keepalived does not run this check ({check.place}): {reason}"
    return Finding("left-out", check.label, what, "correct the configuration, and reload")


def _lost_markers(configuration: Configuration, seen: set[tuple[str, int]]) -> Iterator[Finding]:
    """Yield the markers behind which keepalived reads nothing of ours, as after the block of an unknown word."""
    for path, file in configuration.files.items():
        for marked in find_marked(file.octets):
            if (path, marked.stanza) not in seen:
                line, _ = file.place(marked.marker)
                what = f"behind the marker of {marked.check_id} keepalived reads nothing of ours"
                fix = "look for an unknown word or a brace too many above it, or generate anew"
                yield Finding("marker", f"{path}:{line}", what, fix)
