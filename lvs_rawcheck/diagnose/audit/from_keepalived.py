# SPDX-License-Identifier: GPL-2.0-or-later
"""What a keepalived.conf says is to be asked: the site's own checkers as checks of ours, sorry servers besides.

Stanzas of ours are read as the checkers whose place they took (generate/keepalived/existing.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.config.findings import ERROR
from lvs_rawcheck.config.keepalived import Configuration, read_keepalived
from lvs_rawcheck.config.keepalived.model import DR, Checker, RealServer, VirtualServer
from lvs_rawcheck.config.tree import Span
from lvs_rawcheck.diagnose.audit.wanted import UNCHECKED, Asked, Wanted, endpoints_of, not_direct, plainly
from lvs_rawcheck.generate.check_text import CheckText
from lvs_rawcheck.generate.keepalived.endpoints import traffic_of
from lvs_rawcheck.generate.keepalived.existing import find_existing
from lvs_rawcheck.generate.keepalived.timing import CONNECT_TIMEOUT_DEFAULT
from lvs_rawcheck.generate.keepalived.translate import Translation, translate
from lvs_rawcheck.generate.refusal import Kept, Refused
from lvs_rawcheck.generate.traffic import Traffic

_WILDCARDS = frozenset(b"*?[")


def add_keepalived(wanted: Wanted, path: str, config_id: str) -> None:
    """Add all of a configuration; ConfigError: it cannot be read at all."""
    configuration = _without_ours(path, config_id)
    wanted.sources.append(f"keepalived's {configuration.main.path}")
    _tell_faults(wanted, configuration)
    for virtual in configuration.site.virtual_servers:
        _Virtual(wanted, virtual).add()


def _without_ours(path: str, config_id: str) -> Configuration:
    present = read_keepalived(path, config_id)
    old_files, _ = find_existing(present)
    if not old_files:
        return present
    overlay = {each: file.octets for each, file in present.files.items()}
    overlay |= {old.path: old.original for old in old_files.values()}
    return read_keepalived(path, config_id, overlay=overlay)


def _tell_faults(wanted: Wanted, configuration: Configuration) -> None:
    faults = []
    for finding in configuration.findings:
        # A folder in which nothing matches is how it begins on most sites.
        nothing_yet = finding.kind == "missing-include" and not _WILDCARDS.isdisjoint(finding.span.octets)
        if finding.severity == ERROR and not nothing_yet:
            faults.append(str(finding))
    wanted.tell_faults(faults, configuration.main.path)


class _Virtual:
    """One virtual server."""

    def __init__(self, wanted: Wanted, virtual: VirtualServer) -> None:
        self._wanted = wanted
        self._virtual = virtual
        self._where = _place(virtual.block.span)
        self._label = f"virtual_server {virtual.label}"

    def add(self) -> None:
        """Add its servers, and the sorry server."""
        virtual, wanted = self._virtual, self._wanted
        head = f"{self._where}: {self._label}"
        if virtual.dropped is not None:
            wanted.notes.append(f"{head}: keepalived leaves it out: {virtual.dropped}")
            return
        for dropped in virtual.dropped_servers:
            wanted.notes.append(f"{head}: keepalived leaves {dropped.address} out: {dropped.dropped}")
        others = Counter(server.method for server in virtual.real_servers if server.method != DR)
        wanted.notes += [not_direct(count, method, head) for method, count in others.items()]
        direct = [server for server in virtual.real_servers if server.method == DR]
        sorry = virtual.sorry_server
        if not direct and (sorry is None or sorry.method != DR):
            return
        try:
            self._add(direct, traffic_of(virtual, wanted.fwmarks))
        except Refused as error:
            wanted.gaps.append(f"{head} was not asked: {error}")

    def _add(self, direct: list[RealServer], traffic: Traffic) -> None:
        virtual, wanted = self._virtual, self._wanted
        ports = sorted({port for _, port in traffic.targets if port})
        of_servers = [(server.address, server.port) for server in direct]
        wanted.note_ports(self._label, [] if traffic.any_port else ports, of_servers, self._where)
        for server in direct:
            self._add_server(server, traffic, ports)
        sorry = virtual.sorry_server
        if sorry is None:
            return
        if sorry.method != DR:
            wanted.notes.append(not_direct(1, sorry.method, f"{self._where}: sorry_server {sorry.address}"))
            return
        for endpoint in endpoints_of(traffic, sorry.port):
            asked = plainly(traffic.protocol, endpoint, "keepalived checks no sorry_server")
            wanted.ask(sorry.address, endpoint, traffic.protocol, asked, _place(sorry.statement.span), sorry=True)

    def _add_server(self, server: RealServer, traffic: Traffic, ports: Sequence[int]) -> None:
        translated, refused = self._translations(server)
        where = _place(server.block.span)
        found = next((each.port for _, each in translated if each.port), server.port)
        for endpoint in endpoints_of(traffic, found):
            asked = _asked(server, translated, refused, endpoint, ports, traffic.protocol)
            self._wanted.ask(server.address, endpoint, traffic.protocol, asked, where)

    def _translations(self, server: RealServer) -> tuple[list[tuple[Checker, Translation]], list[str]]:
        """Return what its checkers say in our words, and why some say nothing."""
        found, refused = [], []
        for checker in server.checkers:
            try:
                translation = translate(checker, server, self._virtual)
                if translation.elsewhere is not None:
                    raise Kept(f"{checker.kind} asks {translation.elsewhere}, another address")
                self._wanted.demand_valid(translation.checks)
            except (Kept, Refused) as error:
                refused.append(str(error).removesuffix(": kept"))
            else:
                found.append((checker, translation))
        return found, refused


def _asked(
    server: RealServer,
    translated: list[tuple[Checker, Translation]],
    refused: list[str],
    endpoint: Endpoint,
    ports: Sequence[int],
    protocol: str,
) -> Asked:
    """Return what is asked at one endpoint: of the site's checks those that speak of its port.

    A checker of another port that is forwarded, or that was given a port of its own, asks another service.
    """
    checks: dict[CheckText, None] = {}
    elsewhere, seconds = [], 0.0
    for checker, translation in translated:
        port = translation.port
        other = port != endpoint.port and (port in ports or checker.connection.connect_port is not None)
        if port and other and ports:
            elsewhere.append(f"{checker.kind} asks port {port}")
            continue
        checks.update(dict.fromkeys(translation.checks))
        seconds = max(seconds, translation.phases * (checker.connect_timeout or CONNECT_TIMEOUT_DEFAULT))
    why = "; ".join([*refused, *elsewhere])
    if not checks:
        return plainly(protocol, endpoint, why or UNCHECKED)
    return Asked(tuple(checks), f"besides: {why}" if why else "", seconds)


def _place(span: Span) -> str:
    return f"{span.file.path}:{span.line}"
