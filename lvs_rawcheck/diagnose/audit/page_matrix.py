# SPDX-License-Identifier: GPL-2.0-or-later
"""The page's tables: what stands in each cell of the matrix, in texts, and what the words there mean."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from lvs_rawcheck.checks.base import NO_PORT
from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.audit.model import Cell
from lvs_rawcheck.diagnose.audit.page_words import LISTED, visible
from lvs_rawcheck.diagnose.audit.pools import Pool
from lvs_rawcheck.diagnose.causes import CAUSES
from lvs_rawcheck.wire.address import format_address

OK, FLAW, DOWN, UNJUDGED = "ok", "flaw", "down", "unjudged"
"""How a cell looks: it passes; it passes and yet something is wrong; it fails; nobody can say."""


def state_of(cell: Cell) -> str:
    """Return how a cell looks."""
    if cell.cause == signatures.CANNOT_JUDGE:
        return UNJUDGED
    if not cell.result.healthy:
        return DOWN
    return OK if cell.cause == signatures.HEALTHY and not cell.findings else FLAW


class PoolTable:
    """One table: VIPs and their ports above, real servers below."""

    def __init__(self, pool: Pool, numbers: dict[int, int]) -> None:
        self.rows = [_Row(server, pool, numbers) for server in pool.servers]
        self.sound = all(row.sound for row in self.rows)
        columns: dict[bytes, list[tuple[int, str]]] = {}
        for vip, port, protocol in pool.columns:
            columns.setdefault(vip, []).append((port, protocol))
        self.vips = [(format_address(vip), _port_names(ports)) for vip, ports in columns.items()]
        self.name = ", ".join(vip for vip, _ in self.vips[:LISTED])


def _port_names(ports: list[tuple[int, str]]) -> list[str]:
    """Return a heading for each of a VIP's ports; TCP is named where another protocol has the same port."""
    columns_of_port = Counter(port for port, _ in ports)
    return [
        ("no port" if port == NO_PORT else str(port))
        + (f" {visible(protocol)}" if protocol != "tcp" or columns_of_port[port] > 1 else "")
        for port, protocol in ports
    ]


class _Row:
    """One real server."""

    def __init__(self, server: bytes, pool: Pool, numbers: dict[int, int]) -> None:
        self.server = format_address(server)
        self.places = [_entries(pool.cells.get((server, column), []), numbers) for column in pool.columns]
        self.sound = all(entry.state == OK for entries in self.places for entry in entries)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One cell. number: of its finding, 0 where there is none; kind: "" where it is the site's own, and alone."""

    state: str
    cause: str
    number: int
    detail: str
    kind: str
    sorry: bool


def _entries(cells: list[Cell], numbers: dict[int, int]) -> list[_Entry]:
    return [_entry(cell, len(cells) == 1, numbers) for cell in cells]


def _entry(cell: Cell, alone: bool, numbers: dict[int, int]) -> _Entry:
    state = state_of(cell)
    said = [cell.result.verdict.detail] if state != OK else []
    return _Entry(
        state,
        _name_of(cell),
        _number_of(cell, numbers),
        visible("; ".join([*said, cell.target.instead] if cell.target.instead else said)),
        "" if alone and not cell.target.instead else visible(cell.result.kind),
        cell.target.sorry,
    )


def _number_of(cell: Cell, numbers: dict[int, int]) -> int:
    """Return the number of the finding that the cell's word is about, else of the first one, 0 where there is none."""
    known = [finding for finding in cell.findings if id(finding) in numbers]
    meant = [finding for finding in known if finding.cause == cell.cause]
    return next((numbers[id(finding)] for finding in [*meant, *known]), 0)


def _name_of(cell: Cell) -> str:
    """Return the word in the cell: of several, the first that is amiss."""
    if cell.cause != signatures.HEALTHY:
        return visible(cell.cause)
    return visible(cell.findings[0].cause) if cell.findings else "ok"


# The legend ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Meaning:
    """A word of the matrix, how often it stands there, and what it means; sentence: "" where no table has it."""

    state: str
    cause: str
    cells: int
    sentence: str


class _AnyWords(dict[str, str]):
    """What the names in a cause's sentence stand for where it is about no server in particular."""

    def __missing__(self, name: str) -> str:
        return f"the {name}"


_ANY_WORDS = _AnyWords(
    real="the server",
    vip="the VIP",
    port="N",
    real_port="M",
    endpoint="the VIP's port N",
    what="port N",
    mac="one MAC",
    strangers="another machine",
    arp="ARP or neighbour discovery",
    silent="the service is silent",
)


def legend_of(cells: list[Cell]) -> list[Meaning]:
    """Return the words that stand in the matrix, the most frequent first."""
    named: dict[str, list[Cell]] = {}
    for cell in cells:
        named.setdefault(_name_of(cell), []).append(cell)
    return [
        Meaning(state_of(alike[0]), name, len(alike), _meaning(alike[0]))
        for name, alike in sorted(named.items(), key=lambda item: -len(item[1]))
    ]


def _meaning(cell: Cell) -> str:
    cause = cell.findings[0].cause if cell.cause == signatures.HEALTHY and cell.findings else cell.cause
    told = CAUSES.get(cause)
    if told is None:
        return ""
    sentence = told.sentence.removeprefix("{detail}. ").replace(": {detail}", "").format_map(_ANY_WORDS)
    return sentence[:1].upper() + sentence[1:]
