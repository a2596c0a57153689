# SPDX-License-Identifier: GPL-2.0-or-later
"""The matrix, taken apart where it falls apart: servers that share no VIP and port stand in tables of their own.

A table that is too wide for a sheet of paper is cut between two VIPs.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.diagnose.audit.model import Cell

COLUMNS_MOST = 20
"""So many causes are legible side by side on A4 paper, laid across."""

Column = tuple[bytes, int, str]
"""A VIP as 4 or 16 octets, a port or NO_PORT, and a protocol: `tcp`."""


class Pool:
    """Real servers (4 or 16 octets) and what any of them serves, in the order in which they were asked."""

    def __init__(self, cells: list[Cell]) -> None:
        self.servers = list(dict.fromkeys(server_of(cell) for cell in cells))
        self.columns = _vip_by_vip(list(dict.fromkeys(column_of(cell) for cell in cells)))
        self.cells: dict[tuple[bytes, Column], list[Cell]] = {}
        """More than one where a server is asked there in more than one way."""
        for cell in cells:
            self.cells.setdefault((server_of(cell), column_of(cell)), []).append(cell)

    def part(self, columns: list[Column]) -> Pool:
        """Return what stands in some of the columns."""
        wanted = set(columns)
        return Pool([cell for (_, column), cells in self.cells.items() if column in wanted for cell in cells])


def endpoint_of(cell: Cell) -> Endpoint:
    """Return the VIP and port that a cell is about."""
    return cell.target.request.endpoints[0]


def server_of(cell: Cell) -> bytes:
    """Return the real server that a cell is about."""
    return cell.target.request.real_ip


def column_of(cell: Cell) -> Column:
    """Return the column that a cell stands in."""
    endpoint = endpoint_of(cell)
    return endpoint.vip, endpoint.port, cell.target.protocol


def pools_of(cells: list[Cell]) -> list[Pool]:
    """Return the pools, at most COLUMNS_MOST wide, in the order of their first cells; a VIP's ports side by side."""
    leaders = _Leaders()
    for cell in cells:
        leaders.join(server_of(cell), column_of(cell))
    groups: dict[object, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(leaders.leader(server_of(cell)), []).append(cell)
    return [pool for group in groups.values() for pool in _cut_to_width(Pool(group))]


def _cut_to_width(pool: Pool) -> Iterator[Pool]:
    """Yield pools that a sheet of paper is wide enough for, the ports of one VIP in the same one where that can be."""
    sheet: list[Column] = []
    for _, ports in groupby(pool.columns, lambda column: column[0]):
        block = list(ports)
        if len(sheet) + len(block) > COLUMNS_MOST and sheet:
            yield pool.part(sheet)
            sheet = []
        sheet += block
        while len(sheet) > COLUMNS_MOST:
            yield pool.part(sheet[:COLUMNS_MOST])
            sheet = sheet[COLUMNS_MOST:]
    yield pool.part(sheet)


def _vip_by_vip(columns: list[Column]) -> list[Column]:
    first_at: dict[bytes, int] = {}
    for place, column in enumerate(columns):
        first_at.setdefault(column[0], place)
    return sorted(columns, key=lambda column: first_at[column[0]])


class _Leaders:
    """Who belongs together: each knows another one of its group, until one is met that knows only itself."""

    def __init__(self) -> None:
        self._next: dict[object, object] = {}

    def leader(self, member: object) -> object:
        """Return the one by which a member's group is known."""
        passed = []
        while (following := self._next.setdefault(member, member)) != member:
            passed.append(member)
            member = following
        for each in passed:
            self._next[each] = member
        return member

    def join(self, one: object, other: object) -> None:
        """Make one group of two."""
        self._next[self.leader(other)] = self.leader(one)
