# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.diagnose.audit.model import Cell
from lvs_rawcheck.diagnose.audit.pools import COLUMNS_MOST, Pool, column_of, pools_of, server_of
from lvs_rawcheck.wire.address import format_address
from tests.diagnose.audit.sites import cell

PLACES = st.tuples(st.integers(1, 12), st.integers(1, 30), st.sampled_from((80, 443)))


def cells_at(*places: tuple[int, int, int]) -> list[Cell]:
    """Return cells of 10.0.0.N at 10.0.1.N and a port."""
    return [cell(f"10.0.0.{server}", f"10.0.1.{vip}", port) for server, vip, port in places]


def outline(pool: Pool) -> tuple[list[str], list[str]]:
    """Return the last numbers of a pool's servers, and its columns."""
    servers = [format_address(server).rpartition(".")[2] for server in pool.servers]
    return servers, [f"{format_address(vip).rpartition('.')[2]}:{port}" for vip, port, _ in pool.columns]


def test_servers_that_share_a_port_stand_together() -> None:
    pools = pools_of(cells_at((1, 1, 80), (2, 2, 80), (3, 1, 80), (4, 3, 80), (2, 3, 80)))
    assert [outline(pool) for pool in pools] == [(["1", "3"], ["1:80"]), (["2", "4"], ["2:80", "3:80"])]


def test_the_ports_of_a_vip_stand_together() -> None:
    (pool,) = pools_of(cells_at((1, 2, 443), (1, 1, 80), (1, 2, 80), (1, 1, 443)))
    assert outline(pool) == (["1"], ["2:443", "2:80", "1:80", "1:443"])


def test_a_wide_pool_is_cut_between_two_vips() -> None:
    pools = pools_of(cells_at(*((server, vip, port) for server in (1, 2) for vip in range(1, 8) for port in (1, 2, 3))))
    assert [len(pool.columns) for pool in pools] == [18, 3]
    assert [outline(pool)[0] for pool in pools] == [["1", "2"], ["1", "2"]]


def test_a_vip_with_very_many_ports_is_cut_too() -> None:
    pools = pools_of(cells_at(*((1, 1, port) for port in range(1, 46))))
    assert [len(pool.columns) for pool in pools] == [20, 20, 5]


def test_nothing_is_nothing() -> None:
    assert pools_of([]) == []


@given(st.lists(PLACES, max_size=60))
def test_every_cell_stands_once_in_its_row_and_column(places: list[tuple[int, int, int]]) -> None:
    cells = cells_at(*places)
    pools = pools_of(cells)
    found = [each for pool in pools for alike in pool.cells.values() for each in alike]
    assert sorted(map(id, found)) == sorted(map(id, cells))
    for pool in pools:
        assert 0 < len(pool.columns) <= COLUMNS_MOST
        assert len(set(pool.columns)) == len(pool.columns)
        for (server, column), alike in pool.cells.items():
            assert server in pool.servers
            assert column in pool.columns
            assert {(server_of(each), column_of(each)) for each in alike} == {(server, column)}
