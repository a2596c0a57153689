# SPDX-License-Identifier: GPL-2.0-or-later
"""A plan as values: what changes, what does not and why, what else is worth knowing."""

from __future__ import annotations

from dataclasses import dataclass, field

from lvs_rawcheck.generate.pace import Times
from lvs_rawcheck.generate.services import PlannedService
from lvs_rawcheck.generate.splice import Edit, spliced
from lvs_rawcheck.generate.traffic import Traffic


@dataclass(slots=True)
class PlannedCheck:
    """A stanza of ours, as planned, whether it is there already or not."""

    check_id: str
    kinds: tuple[str, ...]
    """Of its checks, in order."""
    command: tuple[str, ...]
    user: str
    times: Times
    endpoints: int
    is_new: bool
    """Whether the configuration has to be changed for it."""
    track_file: str = ""
    """What its verdict comes by, as keepalived names it; "": by its command."""


@dataclass(slots=True)
class ServerPlan:
    """What becomes of one real server. before, after: its checkers, in words."""

    virtual_server: str
    real_server: str
    path: str
    line: int
    """Of the file as it is, as everywhere here."""
    place: int
    """Where its keyword begins in the file without stanzas of ours."""
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    checks: list[PlannedCheck] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def changes(self) -> bool:
        """Return whether the configuration has to be changed for it."""
        return any(check.is_new for check in self.checks)


@dataclass(frozen=True, slots=True)
class Skip:
    """What is left as it is. checker: its keyword, "" where the whole real server is meant."""

    virtual_server: str
    real_server: str
    path: str
    line: int
    checker: str
    reason: str


@dataclass(frozen=True, slots=True)
class LeftStanza:
    """A stanza of ours that this plan does not touch. stanza: where it begins in the file as it is.

    check_id: of the service alone where a real server's address is not known.
    """

    check_id: str
    path: str
    stanza: int
    place: int
    """Where what it replaced begins in the file without stanzas of ours, or where it was added there."""
    replaces: bool

    @property
    def service(self) -> str:
        """Return the name of its service."""
        return self.check_id.partition("/")[0]


@dataclass(frozen=True, slots=True)
class LeftCall:
    """A virtual server that is left as it is, and calls a service of ours. place: file and line."""

    virtual_server: str
    place: str
    service: str
    traffic: Traffic


@dataclass(slots=True)
class Plan:
    """Everything. file: the main one; rule: how its times come about, for people."""

    file: str
    rule: str = ""
    servers: list[ServerPlan] = field(default_factory=list)
    """Those that have checks of ours, planned or there."""
    skipped: list[Skip] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)
    """Of the changes: what was checked and is checked no more, a warning each, told also where it is written."""
    services: dict[str, PlannedService] = field(default_factory=dict)
    left: list[LeftStanza] = field(default_factory=list)
    """Stanzas of ours that stay as they are, whatever they say: the files of their services must stay, too."""
    left_calls: list[LeftCall] = field(default_factory=list)
    """The virtual servers of those, as far as it is known what they forward."""
    octets: dict[str, bytes] = field(default_factory=dict)
    """The files as they are, by path."""
    edits: dict[str, list[Edit]] = field(default_factory=dict)
    """What is to be put in, by path; no edit leaves things as they are."""

    @property
    def instances_wired(self) -> list[str]:
        """Return the VRRP instances that keep role files by lines of this plan."""
        return []

    @property
    def changes(self) -> list[ServerPlan]:
        """Return the real servers for which the configuration has to be changed."""
        return [server for server in self.servers if server.changes]

    def result(self) -> dict[str, bytes]:
        """Return the files that are to be changed as they will be, by path."""
        return {path: spliced(self.octets[path], edits) for path, edits in self.edits.items() if edits}
