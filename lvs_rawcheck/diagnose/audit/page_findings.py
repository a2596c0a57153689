# SPDX-License-Identifier: GPL-2.0-or-later
"""The page's findings, numbered and grouped by cause, in texts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from lvs_rawcheck.diagnose.audit.model import Audit, Cell
from lvs_rawcheck.diagnose.audit.page_words import lines_of, listed, visible
from lvs_rawcheck.diagnose.audit.pools import endpoint_of, server_of
from lvs_rawcheck.diagnose.finding import ERROR, WARNING, Finding
from lvs_rawcheck.diagnose.fix import Fix
from lvs_rawcheck.wire.address import format_address

SEVERITIES = (ERROR, WARNING)
"""The worst first; others follow."""
_EVIDENCE_LINES = 8
"""What is more lies folded."""


@dataclass(frozen=True, slots=True)
class Told:
    """One finding, in texts. number: counts from 1, in the order of the page."""

    number: int
    finding: Finding
    cells: list[Cell]

    @property
    def severity(self) -> str:
        """Return how bad it is, in the finding's own word."""
        return visible(self.finding.severity)

    @property
    def where(self) -> str:
        """Return the place."""
        return visible(self.finding.where)

    @property
    def sentence(self) -> str:
        """Return what is wrong."""
        return visible(self.finding.sentence)

    @property
    def evidence(self) -> list[str]:
        """Return the lines that are always shown."""
        return lines_of(self.finding.evidence)[:_EVIDENCE_LINES]

    @property
    def more_evidence(self) -> list[str]:
        """Return the lines that lie folded."""
        return lines_of(self.finding.evidence)[_EVIDENCE_LINES:]

    @property
    def fixes(self) -> list[Step]:
        """Return what mends it, step by step."""
        return [Step(fix) for fix in self.finding.fixes]

    @property
    def concerns(self) -> str:
        """Return the cells that it tells of, "" for none."""
        return listed(f"{endpoint_of(cell)} via {format_address(server_of(cell))}" for cell in self.cells)

    @property
    def configured(self) -> str:
        """Return where those are configured."""
        return listed(visible(cell.target.where) for cell in self.cells)


class Step:
    """One step of a remedy; command: its lines, none where a person must do it."""

    def __init__(self, fix: Fix) -> None:
        self.host = visible(fix.host)
        self.command = "\n".join(lines_of([fix.command])) if fix.command else ""
        self.instruction = visible(fix.instruction)


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one cause, the worst first."""

    cause: str
    findings: list[Told]


def _order(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def grouped(audit: Audit) -> list[Group]:
    """Return all findings, errors first, those of one cause together."""
    concerned = _concerned(audit.cells)
    by_cause: dict[str, list[Finding]] = {}
    for finding in sorted(audit.findings, key=lambda finding: _order(finding.severity)):
        by_cause.setdefault(finding.cause, []).append(finding)
    numbers = count(1)
    return [
        Group(visible(cause), [Told(next(numbers), finding, concerned.get(id(finding), [])) for finding in findings])
        for cause, findings in by_cause.items()
    ]


def _concerned(cells: list[Cell]) -> dict[int, list[Cell]]:
    """Return the cells that each finding tells of, by the finding's identity."""
    concerned: dict[int, list[Cell]] = {}
    for cell in cells:
        for finding in cell.findings:
            concerned.setdefault(id(finding), []).append(cell)
    return concerned


def unexplained(cell: Cell) -> str:
    """Return a line for a cell that no finding tells of."""
    verdict = cell.result.verdict
    where = f"{endpoint_of(cell)} via {format_address(server_of(cell))}"
    return visible(f"{where}: {cell.cause}: {verdict.reason}: {verdict.detail}")
