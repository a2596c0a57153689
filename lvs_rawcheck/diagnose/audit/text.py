# SPDX-License-Identifier: GPL-2.0-or-later
"""An audit for a terminal: the matrix of causes, then each finding with what was seen and what mends it.

Nothing that a stranger sent speaks to the terminal: whatever is not printable is shown as `?`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from string import ascii_uppercase
from textwrap import wrap

from lvs_rawcheck.checks.base import NO_PORT
from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.audit.model import Audit, Cell
from lvs_rawcheck.diagnose.audit.pools import Column, Pool, pools_of
from lvs_rawcheck.diagnose.finding import Finding
from lvs_rawcheck.wire.address import format_address

HEALTHY, NOT_ASKED, SORRY = ".", " ", "*"
_INDENT = "    "
_GAP = "  "
_WIDTH_LEAST = 40
_ROWS_MOST = 30
"""With more, servers that are healthy everywhere are only counted."""
_SERVERS_HEAD = "real server"


def text_lines(audit: Audit, width: int) -> Iterator[str]:
    """Return the lines. width: characters of the terminal; a very narrow one is not believed."""
    for line in _lines(audit, max(width, _WIDTH_LEAST)):
        yield "".join(character if character.isprintable() else "?" for character in line).rstrip()


def _lines(audit: Audit, width: int) -> Iterator[str]:
    yield from wrap(f"audit of {audit.source}", width, subsequent_indent=_INDENT)
    for pool in pools_of(audit.cells):
        yield ""
        yield from _Matrix(pool, width).lines()
    for finding in audit.findings:
        yield ""
        yield from _finding_lines(finding, width)
    notes = [*_asked_instead(audit), *audit.notes]
    if notes:
        yield ""
        yield from _told("note", notes, width)
    yield ""
    yield from _told("partial", audit.gaps, width)
    yield from wrap(summary(audit), width, subsequent_indent=_INDENT)


def summary(audit: Audit) -> str:
    """Return the last line: how much was asked, and how much is wrong."""
    healthy = sum(cell.result.healthy for cell in audit.cells)
    findings = (
        f"{len(audit.findings)} finding{'s' if len(audit.findings) != 1 else ''}" if audit.findings else "nothing wrong"
    )
    partial = "; partial" if audit.partial else ""
    return f"{len(audit.cells)} asked in {audit.seconds:.1f} s, {healthy} healthy, {findings}{partial}"


def _asked_instead(audit: Audit) -> Iterator[str]:
    """Yield what was asked in the place of the site's own checks, and at how many places."""
    for instead, count in Counter(cell.target.instead for cell in audit.cells).items():
        if instead:
            yield f"{count} cell{'s' if count != 1 else ''} {instead}"


def _told(head: str, sentences: Iterable[str], width: int) -> Iterator[str]:
    for sentence in sentences:
        yield from wrap(f"{head}: {sentence}", width, subsequent_indent=_INDENT, break_on_hyphens=False)


def _finding_lines(finding: Finding, width: int) -> Iterator[str]:
    yield from _told(finding.severity, [f"{finding.cause}: {finding.where}"], width)
    for line in wrap(finding.sentence, width - len(_INDENT), break_on_hyphens=False):
        yield _INDENT + line
    head = f"{_INDENT}seen: "
    for line in finding.evidence:
        yield from wrap(head + line, width, subsequent_indent=" " * len(head), break_on_hyphens=False)
    for number, fix in enumerate(finding.fixes):
        line = f"{_INDENT}{'fix: ' if number == 0 else '     '}{fix}"
        if fix.command:
            yield line  # whole, whatever its length: it is to be pasted
        else:
            yield from wrap(line, width, subsequent_indent=" " * len(head), break_on_hyphens=False)


class _Matrix:
    """One table, cut into as many as the width wants, each with some VIPs."""

    def __init__(self, pool: Pool, width: int) -> None:
        self._pool = pool
        self._faulty = [server for server in pool.servers if not self._is_sound(server)]
        self._shown = self._faulty if len(pool.servers) > _ROWS_MOST else pool.servers
        self._names = {server: format_address(server) for server in self._shown}
        self._head_width = max(map(len, (_SERVERS_HEAD, *self._names.values())))
        self._width = max(width - self._head_width, 1)
        causes = dict.fromkeys(
            cell.cause for cells in pool.cells.values() for cell in cells if cell.cause != signatures.HEALTHY
        )
        self._marks = {cause: cause for cause in causes}
        if not self._fits(pool.columns):
            self._marks = dict(zip(causes, _letters(len(causes)), strict=True))

    def lines(self) -> Iterator[str]:
        """Return the tables, and what the marks mean."""
        if self._shown:
            for columns in self._pieces():
                yield from self._table(columns)
        sound = len(self._pool.servers) - len(self._shown)
        if sound:
            yield f"{sound} real server{'s' if sound != 1 else ''} more, healthy at every VIP and port"
        yield from self._legend()

    def _is_sound(self, server: bytes) -> bool:
        return all(
            cell.cause == signatures.HEALTHY and not cell.findings
            for column in self._pool.columns
            for cell in self._pool.cells.get((server, column), ())
        )

    def _mark(self, cells: Sequence[Cell]) -> str:
        marks = dict.fromkeys(
            (self._marks[cell.cause] if cell.cause != signatures.HEALTHY else HEALTHY)
            + (SORRY if cell.target.sorry else "")
            for cell in cells
        )
        return ",".join(marks) or NOT_ASKED

    def _column_width(self, column: Column) -> int:
        marks = [self._mark(self._pool.cells.get((server, column), ())) for server in self._shown]
        return max(map(len, (_port(column), *marks)))

    def _vips(self, columns: Sequence[Column]) -> list[tuple[str, list[Column]]]:
        found: dict[bytes, list[Column]] = {}
        for column in columns:
            found.setdefault(column[0], []).append(column)
        return [(format_address(vip), its) for vip, its in found.items()]

    def _vip_width(self, vip: str, columns: Sequence[Column]) -> int:
        ports = sum(self._column_width(column) for column in columns) + len(_GAP) * (len(columns) - 1)
        return max(len(vip), ports)

    def _fits(self, columns: Sequence[Column]) -> bool:
        return sum(len(_GAP) + self._vip_width(vip, its) for vip, its in self._vips(columns)) <= self._width

    def _pieces(self) -> Iterator[list[Column]]:
        """Yield as many columns at a time as fit, the ports of one VIP together; at least one VIP."""
        piece: list[Column] = []
        for _, columns in self._vips(self._pool.columns):
            if piece and not self._fits([*piece, *columns]):
                yield piece
                piece = []
            piece += columns
        yield piece

    def _table(self, columns: list[Column]) -> Iterator[str]:
        vips = self._vips(columns)
        widths = {column: self._column_width(column) for column in columns}
        for vip, its in vips:  # a VIP that is wider than its ports widens the last one
            widths[its[-1]] += self._vip_width(vip, its) - self._vip_width("", its)
        head = " " * self._head_width
        yield head + "".join(f"{_GAP}{vip:{self._vip_width(vip, its)}}" for vip, its in vips)
        yield f"{_SERVERS_HEAD:{self._head_width}}" + "".join(f"{_GAP}{_port(each):{widths[each]}}" for each in columns)
        for server in self._shown:
            marks = ((self._mark(self._pool.cells.get((server, each), ())), widths[each]) for each in columns)
            yield f"{self._names[server]:{self._head_width}}" + "".join(f"{_GAP}{mark:{size}}" for mark, size in marks)

    def _legend(self) -> Iterator[str]:
        told = [f"{HEALTHY} healthy"]
        told += [f"{mark} {cause}" for cause, mark in self._marks.items() if mark != cause]
        if any(cell.target.sorry for cells in self._pool.cells.values() for cell in cells):
            told.append(f"{SORRY} sorry server or fallback")
        yield _GAP.join(told)


def _port(column: Column) -> str:
    _, port, protocol = column
    name = "-" if port == NO_PORT else str(port)
    return name if protocol == "tcp" else f"{name}/{protocol}"


def _letters(count: int) -> list[str]:
    letters = len(ascii_uppercase)
    return [ascii_uppercase[number % letters] * (number // letters + 1) for number in range(count)]
