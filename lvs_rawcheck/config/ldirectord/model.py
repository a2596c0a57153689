# SPDX-License-Identifier: GPL-2.0-or-later
"""An ldirectord.cf as ldirectord understands it: what is set, what stands in for what is not, and where each stands.

Times are whole seconds. A value that ldirectord takes from elsewhere (a default, a global line) is filled in; where it
was written is asked of `span_of`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lvs_rawcheck.config.tree import Span, Touch

GATE, MASQ, IPIP = "gate", "masq", "ipip"
TCP, UDP, FWM = "tcp", "udp", "fwm"
CONNECT, NEGOTIATE, PING, EXTERNAL = "connect", "negotiate", "ping", "external"
EXTERNAL_PERL, ON, OFF, COMBINED = "external-perl", "on", "off", "combined"
NONE = "none"


@dataclass(frozen=True, slots=True)
class Directive:
    """One line that sets something. name: as spelled; value: what ldirectord takes of it, quotes gone."""

    name: str
    value: str
    span: Span
    """The whole line, its end (\\n or \\r\\n) not included."""


@dataclass(slots=True)
class Settings:
    """Anything that lines set. directives: by name, in the file's order; the last one counts."""

    directives: dict[str, list[Directive]] = field(default_factory=dict)

    def span_of(self, name: str) -> Span | None:
        """Return where the line that counts stands, None if there is none."""
        found = self.directives.get(name)
        return found[-1].span if found else None


@dataclass(slots=True)
class Globals(Settings):
    """What applies to all virtual servers, as in force."""

    fork: bool = False
    autoreload: bool = False
    quiescent: bool = False
    readdquiescent: bool = False
    supervised: bool = False
    cleanstop: bool = True
    checkinterval: int = 10
    executes: list[str] = field(default_factory=list)
    """Further configurations that this one starts, as written."""
    maintenance_folder: str | None = None


@dataclass(slots=True)
class Real:
    """One real server; a range of addresses is several of them with one directive."""

    directive: Directive
    host: str
    """As written."""
    address: str | None
    """Canonical; None: a name, which ldirectord resolves when it starts."""
    port: int
    """As written, a service's name resolved; 0: none. Under gate and ipip IPVS uses the virtual server's."""
    method: str
    """GATE, MASQ or IPIP."""
    weight: int
    request: str | None = None
    """Its own; None: the virtual server's."""
    receive: str | None = None


@dataclass(slots=True)
class Virtual(Settings):
    """A virtual or virtual6 block. address and port (0: any), or fwmark."""

    span: Span | None = None
    """From its first line to the end of its last directive or of a comment right behind it, the last line end not
    included."""
    line: Span | None = None
    """The `virtual=` line alone, its end not included."""
    family: int = 4
    """4 or 6, by keyword."""
    host: str = ""
    """Address, name or mark as written."""
    address: str | None = None
    """Canonical; None: a name, or a firewall mark."""
    port: int = 0
    fwmark: int | None = None
    protocol: str = TCP
    """TCP, UDP or FWM."""
    checktype: str = NEGOTIATE
    """One of the words above; COMBINED: connects, and one negotiation after each `connects` of them."""
    connects: int = 0
    service: str = NONE
    """Of negotiate and combined; by the port where it is not set."""
    checkcommand: str = "/bin/true"
    checkport: int | None = None
    request: str = "/"
    """As ldirectord sends it: it puts a `/` before it where there is none."""
    receive: str = ""
    virtualhost: str | None = None
    httpmethod: str = "GET"
    login: str = ""
    passwd: str = ""
    database: str = ""
    secret: str = ""
    scheduler: str = "wrr"
    persistent: int | None = None
    checktimeout: int = 5
    """In force for connect, ping and external: the block's checktimeout, its negotiatetimeout, the global checktimeout,
    the global negotiatetimeout, 5."""
    negotiatetimeout: int = 30
    """In force for negotiate: the block's negotiatetimeout, its checktimeout, the global negotiatetimeout, the global
    checktimeout, 30."""
    checkinterval: int = 10
    """In force: its own only where ldirectord forks."""
    checkcount: int = 1
    failurecount: int = 1
    quiescent: bool = False
    reals: list[Real] = field(default_factory=list)
    obstacles: list[Touch] = field(default_factory=list)
    """Why its text must not be edited; empty: it may be."""

    @property
    def label(self) -> str:
        """Return how ldirectord's log names it: `tcp:192.0.2.1:80`, `udp:[2001:db8::1]:53`, `fwm:7`, `fwm6:7`."""
        if self.fwmark is not None:
            return f"fwm{'6' if self.family == 6 else ''}:{self.fwmark}"
        host = self.address if self.address is not None else self.host
        return f"{self.protocol}:{f'[{host}]' if ':' in host else host}:{self.port}"


@dataclass(slots=True)
class Site:
    """Everything that one configuration sets up."""

    settings: Globals = field(default_factory=Globals)
    virtuals: list[Virtual] = field(default_factory=list)
