# SPDX-License-Identifier: GPL-2.0-or-later
"""What is audited and what was found: targets from a configuration, cells of the matrix, findings."""

from __future__ import annotations

from dataclasses import dataclass, field

from lvs_rawcheck.checks.base import Result
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.diagnose.finding import Finding
from lvs_rawcheck.wire.address import format_address


@dataclass(frozen=True, slots=True)
class Target:
    """One real server at one VIP and port. request: its raw check, of this endpoint alone."""

    request: Request
    where: str
    """What asks for it: a file and line, a registry ID, or `IPVS table`."""
    sorry: bool = False
    """It gets traffic only when all others are gone, and nobody checks it: a sorry server or a fallback."""
    protocol: str = "tcp"
    """Of the traffic that is forwarded: tcp, udp or sctp."""
    instead: str = ""
    """What is asked here in the place of the site's own check, and why; empty: its own is."""


@dataclass(slots=True)
class Cell:
    """What came of one target. cause: one of diagnose/signatures.py."""

    target: Target
    result: Result
    cause: str
    evidence: list[str] = field(default_factory=list)
    """Frames and answers, a line each."""
    findings: list[Finding] = field(default_factory=list)
    """Those of the audit's findings that tell of it; empty: nothing is wrong."""

    def to_dict(self) -> dict[str, object]:
        """Return what JSON says of it."""
        endpoint = self.target.request.endpoints[0]
        return {
            "real_server": format_address(self.target.request.real_ip),
            "vip": format_address(endpoint.vip),
            "port": endpoint.port,
            "kind": self.result.kind,
            "healthy": self.result.healthy,
            "reason": str(self.result.verdict.reason),
            "cause": self.cause,
            "protocol": self.target.protocol,
            "detail": self.result.verdict.detail,
            "sorry": self.target.sorry,
            "instead": self.target.instead,
            "configured": self.target.where,
        }


@dataclass(slots=True)
class Audit:
    """All of it. source: what was read, in words."""

    source: str
    cells: list[Cell] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    """Why it is partial, a sentence each; empty: all was asked."""
    notes: list[str] = field(default_factory=list)
    """What else is to be known, a sentence each: what was left out since it has no such data path, for instance."""
    seconds: float = 0.0
    """How long it took."""
    director: str = ""
    """The name of the host that asked."""
    began: float = 0.0
    """When, seconds since 1970 UTC (clock.wall_now)."""

    @property
    def partial(self) -> bool:
        """Return whether something was not asked, or not to its end."""
        return bool(self.gaps)

    def to_dict(self) -> dict[str, object]:
        """Return what JSON says of it."""
        return {
            "source": self.source,
            "cells": [cell.to_dict() for cell in self.cells],
            "findings": [finding.to_dict() for finding in self.findings],
            "partial": self.partial,
            "gaps": self.gaps,
            "notes": self.notes,
            "seconds": round(self.seconds, 3),
            "director": self.director,
            "began": round(self.began, 3),
        }
