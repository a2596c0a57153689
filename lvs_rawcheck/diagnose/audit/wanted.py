# SPDX-License-Identifier: GPL-2.0-or-later
"""What is to be asked, gathered from whatever says it: a configuration, the registry or the IPVS table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lvs_rawcheck.checks.base import NO_PORT, Endpoint
from lvs_rawcheck.checks.request import DOWN, MAC_KNOWN, STANDBY_RAW, Request
from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.audit.model import Target
from lvs_rawcheck.diagnose.finding import WARNING, Finding
from lvs_rawcheck.diagnose.fix import THIS_HOST, Fix
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.generate.check_text import CheckText
from lvs_rawcheck.generate.options import Marked
from lvs_rawcheck.generate.refusal import Refused
from lvs_rawcheck.generate.traffic import Traffic
from lvs_rawcheck.generate.validate import CheckValidator
from lvs_rawcheck.wire.address import parse_address

TIMEOUT_DEFAULT = 2.0  # seconds: a whole site is asked at once, and one that is down is waited for
_FAULTS_TOLD = 10
UNCHECKED = "the site has no check of it"

_Key = tuple[bytes, bytes, int, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a real server is asked. instead: why it is not the site's own check, or not all of it.

    seconds: how long the site's own check may take; None: it has none.
    """

    checks: tuple[CheckText, ...]
    instead: str = ""
    seconds: float | None = None


def plainly(protocol: str, endpoint: Endpoint, why: str) -> Asked:
    """Return the least that can be asked there: by the protocol that is forwarded, an echo where no port is known."""
    kind = "ping" if endpoint.port == NO_PORT else protocol
    return Asked((CheckText(kind),), f"asked by {kind}: {why}")


@dataclass(slots=True)
class Wanted:
    """The targets so far, and what is wrong or left out already as it is written.

    timeout: of one check, seconds, at most. fwmarks: what firewall marks stand for. import_libraries: see `load_kind`.
    """

    timeout: float
    fwmarks: Mapping[int, Marked]
    import_libraries: Callable[[], None]
    sources: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _targets: dict[_Key, Target] = field(default_factory=dict)
    _validator: CheckValidator | None = None

    @property
    def targets(self) -> list[Target]:
        """Return them, one for each real server, VIP, port and protocol."""
        return list(self._targets.values())

    def tell_faults(self, faults: Sequence[str], path: str) -> None:
        """Say what of a configuration is not read as it was meant: something may be missing from what is asked."""
        self.gaps += faults[:_FAULTS_TOLD]
        if len(faults) > _FAULTS_TOLD:
            self.gaps.append(f"{path}: {len(faults) - _FAULTS_TOLD} more such faults")

    def demand_valid(self, checks: Iterable[CheckText]) -> None:
        """Raise Refused for checks that our kinds do not take. LinkError: no library."""
        self._validated().steps(checks)

    def _validated(self) -> CheckValidator:
        if self._validator is None:
            self._validator = CheckValidator(self.import_libraries)
        return self._validator

    def ask(self, real: str, endpoint: Endpoint, protocol: str, asked: Asked, where: str, sorry: bool = False) -> None:
        """Add a real server at one endpoint; what cannot be asked is a gap."""
        seconds = self.timeout if asked.seconds is None else min(asked.seconds, self.timeout)
        kind = "+".join(dict.fromkeys(check.kind for check in asked.checks))
        try:
            request = Request(kind, self._validated().steps(asked.checks), parse_address(real), [endpoint])
        except (UsageError, Refused) as error:
            self.gaps.append(f"{where}: {real} at {endpoint} was not asked: {error}")
            return
        request.timeout = seconds
        request.reply_mac = MAC_KNOWN
        self.add(Target(request, where, sorry, protocol, asked.instead))

    def add(self, target: Target) -> None:
        """Add a target, whatever the director's role; one that is there already stays, unless it was a sorry server."""
        request = target.request
        request.standby = STANDBY_RAW
        request.on_cannot_judge = DOWN
        endpoint = request.endpoints[0]
        key = (request.real_ip, endpoint.vip, endpoint.port, target.protocol)
        known = self._targets.get(key)
        if known is None or (known.sorry and not target.sorry):
            self._targets[key] = target

    def note_ports(self, service: str, ports: Sequence[int], servers: Sequence[tuple[str, int]], where: str) -> None:
        """Find real servers that are written with another port than the traffic's, which direct routing leaves as is.

        service: in words; ports: that are forwarded, none for any.
        """
        wrong = [f"{real} port {port}" for real, port in servers if port and ports and port not in ports]
        if not wrong:
            return
        there = ", ".join(map(str, ports))
        self.findings.append(
            Finding(
                signatures.PORT_TRANSLATION,
                WARNING,
                where,
                f"{service}: real servers are written with another port, but direct routing changes no packet: what "
                f"clients send arrives at port {there}, whatever the configuration says.",
                [f"written: {each}; traffic and these probes go to port {there}" for each in wrong],
                [
                    Fix(
                        THIS_HOST,
                        instruction=f"let the service listen on port {there} of the VIP at each real server, and write"
                        " that port in the configuration, or forward by NAT instead",
                    )
                ],
            )
        )

    def finish(self) -> None:
        """Let every target know all VIPs, which are never a source, and the servers of its service."""
        vips = {target.request.endpoints[0].vip for target in self._targets.values()}
        pools: dict[tuple[bytes, int, str], list[bytes]] = {}
        for real_ip, vip, port, protocol in self._targets:
            pools.setdefault((vip, port, protocol), []).append(real_ip)
        for (_, vip, port, protocol), target in self._targets.items():
            request = target.request
            own = request.is_registry_vip
            request.is_registry_vip = _either(vips, own)
            request.known_servers = request.known_servers or pools[vip, port, protocol]


def _either(vips: set[bytes], own: Callable[[bytes], bool]) -> Callable[[bytes], bool]:
    return lambda address: address in vips or own(address)


def not_direct(count: int, method: str, where: str) -> str:
    """Return the note on servers that are forwarded to otherwise."""
    servers = f"{count} real server{'s' if count != 1 else ''}"
    return f"{where}: {servers} by {method}: no data path of this kind, left out"


def endpoints_of(traffic: Traffic, port_for_any: int) -> tuple[Endpoint, ...]:
    """Return the endpoints, each once; port_for_any: what stands in for any port, 0: the VIP alone is asked."""
    found = dict.fromkeys((vip, port or port_for_any) for vip, port in traffic.targets)
    return tuple(Endpoint(vip, port) for vip, port in found)
