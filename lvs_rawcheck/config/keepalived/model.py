# SPDX-License-Identifier: GPL-2.0-or-later
"""A configuration as keepalived understands it: what is set, what is inherited, and where each of it stands.

Times are seconds. A value that keepalived takes from elsewhere (a default, the block around it) is filled in; where it
was written is asked of the block: `server.block.all("weight")[-1].span`, or `server.span_of("weight")`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lvs_rawcheck.config.keepalived.blocks import Block, Statement
from lvs_rawcheck.config.tree import Span, Touch

NAT = "NAT"
DR = "DR"
TUN = "TUN"
PARAMETER_VALUE = str | int | bool | bytes | None


@dataclass(slots=True)
class Settings:
    """Anything with a block."""

    block: Block

    def span_of(self, keyword: str) -> Span | None:
        """Return where the word that counts was written, None if it was not: the last one wins."""
        found = self.block.all(keyword)
        return found[-1].span if found else None

    @property
    def span(self) -> Span | None:
        """Return the stretch from the keyword to the closing brace; None if it is not one stretch of one file."""
        return self.block.whole_span


@dataclass(slots=True)
class Script:
    """A script with its arguments."""

    statement: Statement
    argv: list[str]
    user: str | None = None
    """None: script_user, else keepalived_script, else root."""
    group: str | None = None

    @property
    def span(self) -> Span:
        """Return where keyword and script stand."""
        return self.statement.span


@dataclass(slots=True)
class GlobalSettings:
    """What global_defs says, as far as it concerns scripts and checks. blocks: there may be several."""

    blocks: list[Block] = field(default_factory=list)
    script_user: str | None = None
    script_group: str | None = None
    enable_script_security: bool = False
    checker_log_all_failures: bool = False
    notify_fifo: str | None = None
    vrrp_notify_fifo: str | None = None
    lvs_notify_fifo: str | None = None
    statements: dict[str, Statement] = field(default_factory=dict)
    """Each word of global_defs that counts."""

    def span_of(self, keyword: str) -> Span | None:
        """Return where a word was written, None if it was not."""
        statement = self.statements.get(keyword)
        return None if statement is None else statement.span


@dataclass(slots=True)
class VirtualIp:
    """One address of a VRRP instance."""

    statement: Statement
    address: str
    prefix_length: int
    device: str | None = None
    """None: the instance's interface."""
    excluded: bool = False
    """Added and removed like the others, but not advertised."""

    @property
    def span(self) -> Span:
        """Return where its line stands."""
        return self.statement.span


@dataclass(slots=True)
class VrrpInstance(Settings):
    """A vrrp_instance. scripts: keyword (notify, notify_master, ...) to the script that keepalived runs."""

    name: str
    interface: str | None = None
    state: str | None = None
    virtual_ips: list[VirtualIp] = field(default_factory=list)
    scripts: dict[str, Script] = field(default_factory=dict)
    obstacles: list[Touch] = field(default_factory=list)


@dataclass(slots=True)
class VrrpSyncGroup(Settings):
    """A vrrp_sync_group. members: the instances that it names."""

    name: str
    members: list[str] = field(default_factory=list)
    scripts: dict[str, Script] = field(default_factory=dict)
    obstacles: list[Touch] = field(default_factory=list)


@dataclass(slots=True)
class GroupEntry:
    """One line of a virtual_server_group: addresses first to last with a port (0: any), or a firewall mark."""

    statement: Statement
    first: bytes = b""
    last: bytes = b""
    port: int = 0
    fwmark: int | None = None
    family: str | None = None
    """Of a firewall mark: inet, inet6, or None."""


@dataclass(slots=True)
class VirtualServerGroup(Settings):
    """A virtual_server_group."""

    name: str
    entries: list[GroupEntry] = field(default_factory=list)
    obstacles: list[Touch] = field(default_factory=list)


@dataclass(slots=True)
class Timers:
    """Times and counts as one block sets them; None: not set there."""

    delay_loop: float | None = None
    connect_timeout: float | None = None
    retry: int | None = None
    delay_before_retry: float | None = None
    warmup: float | None = None
    alpha: bool | None = None


@dataclass(slots=True)
class Connection:
    """Where a checker connects to, and from where; None: not set (address and port are then the real server's)."""

    connect_ip: str | None = None
    connect_port: int | None = None
    bindto: str | None = None
    bind_port: int | None = None
    bind_if: str | None = None
    fwmark: int | None = None
    connect_timeout: float | None = None
    """Of a host of SMTP_CHECK's; elsewhere the checker has it."""


@dataclass(slots=True)
class Url(Settings):
    """One url of HTTP_GET or SSL_GET. status: ranges of codes, inclusive; digest: MD5 in hexadecimal, lower case."""

    path: str
    digest: str | None = None
    status: list[tuple[int, int]] = field(default_factory=list)
    virtualhost: str | None = None
    regex: str | None = None
    regex_no_match: bool = False
    regex_options: list[str] = field(default_factory=list)
    regex_min_offset: int | None = None
    regex_max_offset: int | None = None
    regex_stack: tuple[int, int] | None = None
    tls_compliant: bool = False


@dataclass(slots=True)
class Checker(Settings):
    """One checker. kind: its keyword. The times are those in force, inheritance done.

    parameters: what this kind alone has (misc_timeout, helo_name, http_protocol, payload, type, name, weight, ...).
    """

    kind: str
    retry: int
    delay_before_retry: float
    delay_loop: float
    warmup: float
    alpha: bool
    connect_timeout: float | None
    """None: the kind has none (MISC_CHECK, FILE_CHECK, BFD_CHECK)."""
    own: Timers
    """What the checker's own block sets."""
    connection: Connection
    parameters: dict[str, PARAMETER_VALUE] = field(default_factory=dict)
    urls: list[Url] = field(default_factory=list)
    hosts: list[Connection] = field(default_factory=list)
    """SMTP_CHECK's old `host` blocks, the checker's own connection first if it sets any: keepalived makes a checker of
    each (smtp_check_end_handler in check_smtp.c)."""
    script: Script | None = None
    """MISC_CHECK's."""
    dropped: str | None = None
    """Why keepalived does not run it at all."""
    obstacles: list[Touch] = field(default_factory=list)


@dataclass(slots=True)
class RealServer(Settings):
    """A real_server. port: as written, 0 for none; IPVS uses the virtual server's under DR and TUN."""

    address: str
    port: int
    method: str
    weight: int
    inhibit_on_failure: bool
    timers: Timers
    """Those in force: what neither it nor the virtual server sets is still None, since it depends on the checker."""
    virtualhost: str | None = None
    scripts: dict[str, Script] = field(default_factory=dict)
    checkers: list[Checker] = field(default_factory=list)
    dropped: str | None = None
    """Why keepalived leaves it out: a second one of the same address and port, or of the wrong address family."""
    obstacles: list[Touch] = field(default_factory=list)


@dataclass(slots=True)
class SorryServer:
    """The server that answers while no other does."""

    statement: Statement
    address: str
    port: int
    method: str


@dataclass(slots=True)
class VirtualServer(Settings):
    """A virtual_server: address and port (0: any), or fwmark, or group."""

    address: str | None = None
    port: int = 0
    fwmark: int | None = None
    group: VirtualServerGroup | None = None
    group_name: str | None = None
    protocol: str | None = None
    """tcp, udp or sctp; None for a firewall mark."""
    method: str = NAT
    scheduler: str = "wlc"
    ha_suspend: bool = False
    """As in force: keepalived clears it for firewall marks."""
    delay_loop: float = 60.0
    connect_timeout: float = 5.0
    timers: Timers = field(default_factory=Timers)
    """What its own block sets."""
    virtualhost: str | None = None
    quorum: int = 1
    hysteresis: int = 0
    inhibit_on_failure: bool = False
    weight: int = 1
    persistent: bool = False
    scripts: dict[str, Script] = field(default_factory=dict)
    sorry_server: SorryServer | None = None
    real_servers: list[RealServer] = field(default_factory=list)
    """Those that keepalived uses."""
    dropped_servers: list[RealServer] = field(default_factory=list)
    """Those that it leaves out, with the reason."""
    dropped: str | None = None
    """Why keepalived leaves the whole virtual server out."""
    obstacles: list[Touch] = field(default_factory=list)

    @property
    def label(self) -> str:
        """Return how its keyword line names it: `192.0.2.1 80`, `group web`, `fwmark 7`."""
        return " ".join(self.block.arguments)


@dataclass(slots=True)
class TrackFile(Settings):
    """A track_file for FILE_CHECK."""

    name: str
    file: str | None = None
    weight: int = 1


@dataclass(slots=True)
class Site:
    """Everything that one configuration sets up on one node."""

    settings: GlobalSettings
    instances: list[VrrpInstance] = field(default_factory=list)
    sync_groups: list[VrrpSyncGroup] = field(default_factory=list)
    groups: list[VirtualServerGroup] = field(default_factory=list)
    virtual_servers: list[VirtualServer] = field(default_factory=list)
    track_files: list[TrackFile] = field(default_factory=list)
