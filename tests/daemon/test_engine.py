# SPDX-License-Identifier: GPL-2.0-or-later
"""The engine under load and under stalls, and the small machines that tell our faults from the servers'."""

from __future__ import annotations

import ast
import logging
import sys
from pathlib import Path

import pytest

from lvs_rawcheck import clock
from lvs_rawcheck.daemon.health import DOWN, UNKNOWN, UP
from lvs_rawcheck.daemon.holds import Holds
from lvs_rawcheck.daemon.lateness import Lateness
from lvs_rawcheck.daemon.neighbours import Neighbours
from lvs_rawcheck.daemon.state import CheckState
from lvs_rawcheck.director.mode import OBSERVE, STANDARD_MODE, write_override
from lvs_rawcheck.link.monitor import Monitor
from lvs_rawcheck.link.rtnetlink import Netlink
from tests.checks.site import PORT, V4, active, healthy, packed, server_without_service
from tests.daemon.desk import Desk
from tests.netns.roles import lose_vip
from tests.netns.services import tcp_server
from tests.netns.topology import Network, wait_until

CLOCKS = {"time", "datetime", "sched"}
CHECK = f"web/{V4.real}"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


# Our fault is not theirs ------------------------------------------------------------------------------------


def test_the_longest_stall_of_a_run_counts_and_none_before_it() -> None:
    lateness = Lateness()
    lateness.note(3.0, 10.0)
    lateness.note(0.3, 19.0)
    assert lateness.worst_since(9.0) == 3.0
    assert lateness.worst_since(10.5) == 0.3, "one that is over hides none that came after it"
    assert lateness.worst_since(19.5) == 0.0
    for number in range(1000):
        lateness.note(0.1, 20.0 + number)
    assert lateness.worst_since(1018.0) == 0.1


def test_each_cause_of_holding_is_said_once_and_its_end_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    holds = Holds()
    for _ in range(3):
        for number in range(1000):
            holds.hold(f"web/{number}", UP, "interface eth0 is down")
    for number in range(1000):
        holds.free(f"web/{number}")
    holds.free("web/never")
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert "1000" in caplog.text
    holds.hold("web/1", UP, "interface eth0 is down")
    assert len(caplog.records) == 3, "it is news again"


def test_causes_that_name_each_its_server_do_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    holds = Holds()
    for _ in range(3):
        for number in range(1000):
            holds.hold(f"web/{number}", UP, f"no route to 10.0.0.{number}")
    assert 1 < len(caplog.records) < 100
    assert "further causes" in caplog.records[-1].getMessage()
    for number in range(1000):
        holds.free(f"web/{number}")
    holds.hold("web/1", UP, "no route to 10.0.0.1")
    assert "no route to 10.0.0.1" in caplog.records[-1].getMessage(), "it is news again"


class _Sleeper:
    """A part of the loop that takes all of a check's time, again and again."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def next_timer(self) -> float | None:
        return 0.0

    def holds(self, descriptor: int) -> bool:
        return False

    def work(self, descriptor: int | None, now: float) -> None:
        wait_until(lambda: clock.now() >= now + self.seconds, "it has slept")


@pytest.mark.netns
@pytest.mark.parametrize("mode", ["enforce", "standard"])
def test_a_loaded_host_takes_nobody_down(network: Network, desk: Desk, mode: str) -> None:
    director, real = active(network), server_without_service(network)
    for address in (V4.vip, V4.real):
        real.popen([sys.executable, "-m", "http.server", "--bind", address, str(PORT), "--directory", "/proc/self/fd"])
    desk.write("web", V4, V4.real, mode=f'"{mode}"', timeout=0.4)
    file = desk.services / "web.toml"
    file.write_text(file.read_text().replace('kind = "tcp"', 'kind = "http"'))
    with desk.running(director) as daemon:
        desk.until_state(CHECK, UP)
        daemon.parts.append(_Sleeper(0.5))
        seen = set()
        for _ in range(3):
            state = desk.until_run_again(CHECK, times=1)
            seen.add((state.state, state.held is not None))
        assert seen <= {(UP, True), (UP, False)}
        assert (UP, True) in seen, "there were runs that found nothing in time"
        daemon.parts.pop()
        assert desk.until_run_again(CHECK).held is None


# What changes while a check runs ----------------------------------------------------------------------------


@pytest.mark.netns
def test_a_role_that_changes_while_a_check_runs_is_asked_for_at_once(network: Network, desk: Desk) -> None:
    director, real = active(network), server_without_service(network)
    tcp_server(real, V4.vip, PORT)
    real.run(
        ["nft", "-f", "-"],
        stdin=f"table inet t {{ chain c {{ type filter hook input priority 0;"
        f" ip daddr {V4.real} tcp dport {PORT} drop; }}; }}",
    )
    desk.role_file.write_text("0\n")
    desk.write("web", V4, V4.real, interval=60.0, timeout=1.5, role_file=f'"{desk.role_file}"')
    with desk.running(director) as daemon:
        daemon.engine.hasten_first(daemon.engine.checks, clock.now())
        desk.until(lambda: daemon.engine.checks[CHECK].running, "the standard check is under way, and hears nothing")
        desk.role_file.write_text("1\n")
        state = desk.until_state(CHECK, UP)
        assert (state.path, state.role, state.runs) == ("raw", "master", 1), "what the other path found was dropped"


@pytest.mark.netns
def test_a_check_that_is_removed_while_it_is_asked_for_is_answered(network: Network, desk: Desk) -> None:
    director = active(network)
    healthy(network)
    desk.write("web", V4, V4.real, interval=60.0)
    told: list[CheckState] = []
    with desk.running(director) as daemon:
        assert daemon.engine.ask(CHECK, told.append)
        desk.write("web", V4, V4.real, interval=59.0)
        daemon.load()
        desk.until(lambda: bool(told), "the one of its name in its place answers, soon")
        assert told[0].healthy is True
        assert daemon.engine.ask(CHECK, told.append)
        (desk.services / "web.toml").unlink()
        daemon.load()
        assert len(told) == 2
        assert (told[1].healthy, told[1].held is not None) == (None, True)


@pytest.mark.netns
def test_a_reload_in_the_midst_of_an_observation_leaves_no_check_waiting(network: Network, desk: Desk) -> None:
    director, real = active(network), healthy(network)
    tcp_server(real, V4.real, PORT)
    desk.write("web", V4, V4.real, mode=f'"{OBSERVE}"')
    with desk.running(director) as daemon:
        desk.until_state(CHECK, UP)
        for number in range(2):
            desk.until(lambda: daemon.engine.checks[CHECK].running, "it is under way by both paths")
            mode = STANDARD_MODE if number % 2 else OBSERVE
            desk.write("web", V4, V4.real, mode=f'"{mode}"', fall=2 + number)
            daemon.load()
            assert desk.until_run_again(CHECK).state == UP
        for mode in (OBSERVE, STANDARD_MODE):
            write_override(str(desk.state), "web", mode, None)
            assert desk.until_run_again(CHECK, times=4).state == UP


@pytest.mark.netns
def test_held_for_too_long_it_is_unknown(
    network: Network, desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    director = active(network)
    healthy(network)
    desk.write("web", V4, V4.real)
    with desk.running(director):
        desk.until_state(CHECK, UP)
        network.unplug(director)
        desk.until(lambda: desk.of(CHECK).held is not None, "it is held")
        monkeypatch.setattr("lvs_rawcheck.daemon.engine.HELD_MOST", 0.5)
        desk.until_state(CHECK, UNKNOWN)
        assert f"{CHECK} unknown" in caplog.text
        network.carry_again(director)
        desk.until_state(CHECK, UP)


# Much at once -----------------------------------------------------------------------------------------------


@pytest.mark.netns
def test_one_dead_server_in_ten_makes_nobody_late(network: Network, desk: Desk) -> None:
    director = active(network)
    healthy(network)
    for number in range(100):
        dead = number % 10 == 0
        desk.write(f"web{number}", V4, V4.nobody if dead else V4.real, interval=0.5, timeout=1.0)
    with desk.running(director) as daemon:
        daemon.engine.hasten_first(daemon.engine.checks, clock.now())
        desk.until(lambda: all(check.state.runs for check in daemon.engine.checks.values()), "all have run")
        assert desk.of(f"web0/{V4.nobody}").state == DOWN
        best = 1.0
        for _ in range(4):  # this host has other things to do, too
            late: list[float] = []
            daemon.engine.late_by = late.append
            ends = clock.now() + 1.5
            while clock.now() < ends:
                daemon.turn()
            assert len(late) > 100
            best = min(best, sorted(late)[int(len(late) * 0.99)])
            if best < 0.1:
                break
        assert best < 0.1
        assert all(desk.of(f"web{number}/{V4.real}").state == UP for number in range(100) if number % 10)


@pytest.mark.netns
def test_a_thousand_neighbours_that_change_are_all_known(network: Network) -> None:
    director = active(network)
    index = director.index()
    addresses = [f"10.0.{number // 250 + 1}.{number % 250 + 1}" for number in range(1000)]

    def batch(octet: int) -> str:
        mac = f"02:00:00:00:00:{octet:02x}"
        return "".join(f"neigh replace {each} lladdr {mac} dev eth0 nud permanent\n" for each in addresses)

    with director.entered():
        monitor = Monitor()
        try:
            neighbours = Neighbours(monitor)
            for octet in range(1, 13):  # more than the socket's queue holds, and nobody reads
                director.run(["ip", "-batch", "-"], stdin=batch(octet))
            neighbours.catch_up()
            with Netlink() as netlink:
                known = dict(netlink.all_neighbours())
            assert len(known) >= 1000
            for address in addresses:
                entry = neighbours.neighbour(index, packed(address))
                assert entry is not None
                assert entry.mac == bytes.fromhex("02000000000c")
        finally:
            monitor.close()


@pytest.mark.netns
def test_the_kernel_is_asked_for_interfaces_again_only_where_one_has_changed(network: Network) -> None:
    director = active(network)
    with director.entered():
        monitor = Monitor()
        try:
            neighbours = Neighbours(monitor)
            before = neighbours.interfaces()
            assert neighbours.interfaces() is before
            director.run(["ip", "link", "set", "eth0", "address", "02:00:00:00:00:77"])
            assert bytes.fromhex("020000000077") in {each.mac for each in neighbours.interfaces()}
        finally:
            monitor.close()


# Clocks -----------------------------------------------------------------------------------------------------


def test_nothing_in_the_daemon_goes_by_a_clock_that_can_be_set() -> None:
    folder = Path(__file__).resolve().parents[2] / "lvs_rawcheck" / "daemon"
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Import(names=names):
                    assert not {name.name for name in names} & CLOCKS, path
                case ast.ImportFrom(module=module):
                    assert module not in CLOCKS, path
                case ast.Attribute(attr="wall_now"):
                    raise AssertionError(f"{path}: `wall_of` tells people when a moment was")
                case ast.If() | ast.Compare() | ast.BinOp():
                    tests = node.test if isinstance(node, ast.If) else node
                    assert "wall" not in ast.unparse(tests), f"{path}: nothing depends on it"


@pytest.mark.netns
def test_who_asks_is_not_kept_waiting_for_the_interval(network: Network, desk: Desk) -> None:
    director, real = active(network), healthy(network)
    desk.write("web", V4, V4.real, interval=60.0)
    with desk.running(director) as daemon:
        daemon.engine.hasten_first(daemon.engine.checks, clock.now())
        desk.until_state(CHECK, UP)
        lose_vip(real, V4.vip)
        told: list[CheckState] = []
        daemon.engine.ask(CHECK, told.append)
        desk.until(lambda: bool(told), "it is run at once")
        assert told[0].healthy is False
