# SPDX-License-Identifier: GPL-2.0-or-later
"""What an ldirectord.cf says is to be asked: each virtual's own check as one of ours, fallbacks besides.

Lines of ours are read as those whose place they took (generate/ldirectord/existing.py).
"""

from __future__ import annotations

from collections import Counter

from lvs_rawcheck.config.ldirectord import Configuration, read_ldirectord
from lvs_rawcheck.config.ldirectord.hosts import read_host
from lvs_rawcheck.config.ldirectord.model import GATE, Directive, Globals, Real, Virtual
from lvs_rawcheck.config.ldirectord.values import Refused as NotRead
from lvs_rawcheck.config.tree import Span
from lvs_rawcheck.diagnose.audit.wanted import UNCHECKED, Asked, Wanted, endpoints_of, not_direct, plainly
from lvs_rawcheck.generate.ldirectord.existing import find_existing, without_ours
from lvs_rawcheck.generate.ldirectord.server import real_label
from lvs_rawcheck.generate.ldirectord.translate import demand_checked, is_unchecked, timeout_in_force, translate
from lvs_rawcheck.generate.ldirectord.virtuals import traffic_of
from lvs_rawcheck.generate.refusal import Kept, Refused
from lvs_rawcheck.generate.traffic import Traffic


def add_ldirectord(wanted: Wanted, path: str) -> None:
    """Add all of a configuration; ConfigError: it cannot be read at all."""
    configuration = _without_ours(path)
    wanted.sources.append(f"ldirectord's {configuration.main.path}")
    wanted.tell_faults([str(finding) for finding in configuration.errors], configuration.main.path)
    for virtual in configuration.site.virtuals:
        _Block(wanted, virtual, configuration.site.settings).add()


def _without_ours(path: str) -> Configuration:
    present = read_ldirectord(path)
    olds, _ = find_existing(present)
    return read_ldirectord(path, {present.main.path: without_ours(present, olds)}) if olds else present


class _Block:
    """One virtual."""

    def __init__(self, wanted: Wanted, virtual: Virtual, settings: Globals) -> None:
        self._wanted = wanted
        self._virtual = virtual
        self._settings = settings
        self._head = f"{_place(virtual.line)}: virtual {virtual.label}"

    def add(self) -> None:
        """Add its servers, and its fallback."""
        wanted, virtual = self._wanted, self._virtual
        others = Counter(real.method for real in virtual.reals if real.method != GATE)
        wanted.notes += [not_direct(count, method, self._head) for method, count in others.items()]
        try:
            traffic = traffic_of(virtual, wanted.fwmarks)
        except Refused as error:
            wanted.gaps.append(f"{self._head} was not asked: {error}")
            return
        direct = [real for real in virtual.reals if real.method == GATE]
        ports = [] if traffic.any_port else sorted({port for _, port in traffic.targets})
        written = [(real.address or real.host, real.port) for real in direct]
        wanted.note_ports(f"virtual {virtual.label}", ports, written, _place(virtual.line))
        for real in direct:
            self._add_real(real, traffic)
        self._add_fallback(traffic)

    def _add_real(self, real: Real, traffic: Traffic) -> None:
        where = _place(real.directive.span)
        if real.address is None:
            self._wanted.gaps.append(f"{where}: {real_label(real)} was not asked: it is a name, not an address")
            return
        asked, port = self._asked(real, traffic)
        for endpoint in endpoints_of(traffic, port):
            mine = asked if isinstance(asked, Asked) else plainly(traffic.protocol, endpoint, asked)
            self._wanted.ask(real.address, endpoint, traffic.protocol, mine, where)

    def _asked(self, real: Real, traffic: Traffic) -> tuple[Asked | str, int]:
        """Return what it is asked, or why not its own check; and the port that stands in for any."""
        virtual = self._virtual
        ports = {port for _, port in traffic.targets}
        try:
            demand_checked(virtual, add_missing=True)
            if is_unchecked(virtual):
                raise Kept(UNCHECKED)
            translation = translate(virtual, real, traffic.protocol)
            self._wanted.demand_valid([translation.check])
        except (Kept, Refused) as error:
            return str(error).removesuffix(": kept"), real.port or virtual.port
        port = translation.port or real.port or virtual.port
        if virtual.checkport and not traffic.any_port and virtual.checkport not in ports:
            return f"its own check asks port {virtual.checkport}", port
        return Asked((translation.check,), "", float(timeout_in_force(virtual))), port

    def _add_fallback(self, traffic: Traffic) -> None:
        directive = self._fallback()
        if directive is None:
            return
        where = _place(directive.span)
        try:
            found = _read_fallback(directive.value, self._virtual.family)
        except NotRead as error:
            self._wanted.gaps.append(f"{where}: the fallback was not asked: {error}")
            return
        address, port, method = found
        if method != GATE:
            self._wanted.notes.append(not_direct(1, method, f"{where}: fallback"))
        elif address is None:
            self._wanted.gaps.append(f"{where}: the fallback was not asked: it is a name, not an address")
        else:
            for endpoint in endpoints_of(traffic, port):
                asked = plainly(traffic.protocol, endpoint, "ldirectord checks no fallback")
                self._wanted.ask(address, endpoint, traffic.protocol, asked, where, sorry=True)

    def _fallback(self) -> Directive | None:
        """Return its own line, else that of all blocks of its family."""
        name = "fallback6" if self._virtual.family == 6 else "fallback"
        own = self._virtual.directives.get(name)
        of_all = self._settings.directives.get(name)
        found = own or (of_all if self._virtual.fwmark is None else None)
        return found[-1] if found else None


def _read_fallback(value: str, family: int) -> tuple[str | None, int, str]:
    """Return address (None: a name), port (0: none) and method of `HOST[:PORT] [METHOD]` (parse_fallback)."""
    words = value.split()
    server, method = words[0] if words else "", words[1] if len(words) > 1 else GATE
    host, colon, port = server.rpartition(":")
    if not colon or not port.isdigit() or (family == 6 and not host.endswith("]")):
        host, port = server, ""
    return read_host(host, family).address, int(port or 0), method


def _place(span: Span | None) -> str:
    return "?" if span is None else f"{span.file.path}:{span.line}"
