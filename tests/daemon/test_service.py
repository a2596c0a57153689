# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon on a director, with real servers that fail and come back, roles that change, files that are edited."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvs_rawcheck.daemon.health import DOWN, UNKNOWN, UP
from lvs_rawcheck.director.mode import OBSERVE, STANDARD_MODE, clear_override, write_override
from tests.checks.site import (
    PORT,
    V4,
    V6,
    Family,
    active,
    both_families,
    healthy,
    packed,
    server_without_service,
    standby,
)
from tests.daemon.desk import Desk
from tests.netns.roles import host_prefix, lose_vip
from tests.netns.services import tcp_server
from tests.netns.topology import Network

pytestmark = pytest.mark.netns


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@both_families
def test_a_server_that_loses_its_vip_goes_down_and_comes_back(network: Network, desk: Desk, family: Family) -> None:
    director, real = active(network), healthy(network)
    healthy(network, "other_real")
    desk.write("web", family, family.real, family.other_real)
    ours, other = f"web/{family.real}", f"web/{family.other_real}"
    with desk.running(director):
        desk.until_state(ours, UP)
        desk.until_state(other, UP)
        lose_vip(real, family.vip)
        assert desk.until_state(ours, DOWN).reason == "no-answer"
        assert desk.until_run_again(other).state == UP
        real.add_address(host_prefix(family.vip), "lo")
        desk.until_state(ours, UP)


def test_so_many_failures_in_a_row_are_needed(network: Network, desk: Desk) -> None:
    director, real = active(network), server_without_service(network)
    server = tcp_server(real, V4.vip, PORT)
    desk.write("web", V4, V4.real, fall=3, rise=2)
    check_id = f"web/{V4.real}"
    with desk.running(director):
        before = desk.until_state(check_id, UP)
        server.stop()
        desk.until(lambda: desk.of(check_id).reason == "refused", "the first failure")
        runs = before.runs
        assert desk.of(check_id).state == UP, "one is not enough"
        desk.until_state(check_id, DOWN)
        assert desk.of(check_id).runs == runs + 2


def test_a_dead_server_delays_no_other(network: Network, desk: Desk) -> None:
    director = active(network)
    healthy(network)
    desk.write("dead", V4, V4.nobody)
    desk.write("web", V4, V4.real)
    with desk.running(director) as daemon:
        desk.until_state(f"dead/{V4.nobody}", DOWN)
        late: list[float] = []
        daemon.engine.late_by = late.append
        alive, dead = desk.of(f"web/{V4.real}"), desk.of(f"dead/{V4.nobody}")
        runs, dead_runs = alive.runs, dead.runs
        desk.until_run_again(f"web/{V4.real}", times=20)
        assert dead.runs - dead_runs < (alive.runs - runs) / 2, "each of its runs takes three intervals"


def test_a_change_of_role_asks_by_the_other_path_within_a_second(network: Network, desk: Desk) -> None:
    director, real = standby(network), healthy(network)
    tcp_server(real, V4.real, PORT)
    desk.role_file.write_text("0\n")
    desk.write("web", V4, V4.real, interval=30.0, role_file=f'"{desk.role_file}"')
    check_id = f"web/{V4.real}"
    with desk.running(director):
        desk.until(lambda: desk.of(check_id).path == "standard", "a backup asks the server's own address")
        lose_vip(real, V4.vip)
        desk.role_file.write_text("1\n")
        desk.until(lambda: desk.of(check_id).path == "raw", "a master asks by the data path, long before the interval")
        assert desk.of(check_id).state == DOWN
        desk.role_file.write_text("0\n")
        desk.until_state(check_id, UP)
        assert desk.of(check_id).role == "backup"


def test_with_no_carrier_nothing_is_the_servers_fault(network: Network, desk: Desk) -> None:
    director = active(network)
    healthy(network)
    desk.write("web", V4, V4.real)
    check_id = f"web/{V4.real}"
    with desk.running(director):
        desk.until_state(check_id, UP)
        network.unplug(director)
        desk.until(lambda: desk.of(check_id).held is not None, "it is held")
        assert desk.until_run_again(check_id, times=5).state == UP
        network.carry_again(director)
        desk.until(lambda: desk.of(check_id).held is None, "it is asked again")
        assert desk.of(check_id).state == UP


def test_an_interface_goes_and_comes_back_as_another_one(network: Network, desk: Desk) -> None:
    director = active(network)
    healthy(network)
    desk.write("web", V4, V4.real)
    check_id = f"web/{V4.real}"
    with desk.running(director):
        desk.until_state(check_id, UP)
        director.ip("link", "del", "eth0")
        desk.until(lambda: desk.of(check_id).held is not None, "it is held")
        network.plug(director, "eth0", "02:00:00:00:77:01", "br0")
        for address in (V4.on_link(V4.director), f"{V4.vip}/32"):
            director.add_address(address, "eth0")
        desk.until(lambda: desk.of(check_id).held is None, "it is asked again, over the new interface")
        assert desk.of(check_id).state == UP


def test_the_director_gets_another_address(network: Network, desk: Desk) -> None:
    director = active(network)
    healthy(network)
    desk.write("web", V4, V4.real)
    check_id = f"web/{V4.real}"
    with desk.running(director) as daemon:
        desk.until_state(check_id, UP)
        director.remove_address(V4.on_link(V4.director), "eth0")
        director.add_address(V4.on_link(V4.address(23)), "eth0")
        desk.until(
            lambda: [lane.path.director_ip for lane in daemon.lanes.all()] == [packed(V4.address(23))],
            "it speaks from the new address alone",
        )
        assert desk.until_run_again(check_id).state == UP


def test_a_changed_registry_is_read_and_a_broken_file_changes_nothing(network: Network, desk: Desk) -> None:
    director = active(network)
    healthy(network)
    healthy(network, "other_real")
    desk.write("web", V4, V4.real)
    ours, other = f"web/{V4.real}", f"web/{V4.other_real}"
    with desk.running(director) as daemon:
        desk.until_state(ours, UP)
        since = desk.of(ours).since
        desk.write("web", V4, V4.real, V4.other_real)
        (desk.services / "broken.toml").write_text("endpoint = [\n")
        daemon.load()
        assert len(daemon.roster.faults) == 1
        assert daemon.roster.faults[0].path.endswith("/broken.toml")
        assert desk.of(ours).state == UP, "what was known is not lost"
        assert desk.of(ours).since == since
        desk.until_state(other, UP)
        (desk.services / "web.toml").write_text("nonsense")
        daemon.load()
        assert desk.until_run_again(ours).state == UP, "the service goes on as it was"
        (desk.services / "web.toml").unlink()
        daemon.load()
        assert daemon.engine.checks == {}


def test_some_servers_stay_up_whatever_is_found(network: Network, desk: Desk) -> None:
    director, real = active(network), healthy(network)
    other = healthy(network, "other_real")
    desk.write("web", V4, V4.real, V4.other_real, min_healthy=1)
    ours, others = f"web/{V4.real}", f"web/{V4.other_real}"
    with desk.running(director):
        desk.until_state(ours, UP)
        desk.until_state(others, UP)
        lose_vip(real, V4.vip)
        desk.until_state(ours, DOWN)
        lose_vip(other, V4.vip)
        desk.until(lambda: desk.of(others).held is not None, "the last one is held")
        assert desk.of(others).state == UP
        assert desk.of(others).reason == "no-answer"
        real.add_address(host_prefix(V4.vip), "lo")
        desk.until_state(ours, UP)
        desk.until_state(others, DOWN)


def test_observed_the_standard_check_decides(network: Network, desk: Desk) -> None:
    director, real = active(network), healthy(network)
    tcp_server(real, V4.real, PORT)
    desk.write("web", V4, V4.real, mode=f'"{OBSERVE}"')
    check_id = f"web/{V4.real}"
    with desk.running(director):
        desk.until_state(check_id, UP)
        assert desk.of(check_id).observed == "ok"
        lose_vip(real, V4.vip)
        desk.until(lambda: desk.of(check_id).observed == "no-answer", "the raw check is told")
        assert desk.of(check_id).state == UP
        assert desk.of(check_id).path == "standard"


def test_observed_a_raw_check_that_cannot_be_made_ends_nothing(network: Network, desk: Desk) -> None:
    """A source that is a VIP: whoever observes because something is wrong must not lose the daemon by it."""
    director, real = active(network), healthy(network)
    tcp_server(real, V4.real, PORT)
    desk.write("web", V4, V4.real, mode=f'"{OBSERVE}"', source=f'"{V4.vip}"')
    check_id = f"web/{V4.real}"
    with desk.running(director):
        desk.until_state(check_id, UP)
        assert str(desk.of(check_id).observed).startswith("cannot-judge")
        assert desk.of(check_id).path == "standard"


def test_an_operator_switches_a_service_over_and_back(network: Network, desk: Desk) -> None:
    director, real = active(network), healthy(network)
    tcp_server(real, V6.real, PORT)
    desk.write("web", V6, V6.real)
    check_id = f"web/{V6.real}"
    with desk.running(director):
        desk.until_state(check_id, UP)
        write_override(str(desk.state), "web", STANDARD_MODE, None)
        desk.until(lambda: desk.of(check_id).path == "standard", "no raw probe")
        clear_override(str(desk.state), "web")
        desk.until(lambda: desk.of(check_id).path == "raw", "raw again")


def test_the_first_result_says_it(network: Network, desk: Desk) -> None:
    director = active(network)
    desk.write("web", V4, V4.nobody, fall=3)
    with desk.running(director):
        assert desk.of(f"web/{V4.nobody}").state == UNKNOWN
        assert desk.until_state(f"web/{V4.nobody}", DOWN).reason == "no-neighbour"
