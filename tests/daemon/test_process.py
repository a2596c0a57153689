# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon as a process: what the script answers by it, while it is told to reload, killed, stopped and starved."""

from __future__ import annotations

import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.checks.site import PORT, V4, active, healthy, server_without_service, standby
from tests.daemon.desk import INTERVAL, Desk
from tests.daemon.process import START_SECONDS, Process, Reader, process
from tests.netns.roles import host_prefix, lose_vip
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network, wait_until

pytestmark = pytest.mark.netns

STEADY, SHAKY = f"web/{V4.real}", f"web/{V4.other_real}"
VERDICT_SECONDS = 15  # that a verdict of so short an interval lives (verdict_files.py)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def until(condition: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
    wait_until(condition, what, seconds)


def line(desk: Desk, check_id: str) -> list[str]:
    return (desk.state / "verdict" / check_id).read_text().split()


def test_the_script_answers_by_the_daemon_from_when_it_is_ready_until_it_has_ended(
    network: Network, desk: Desk, tmp_path: Path
) -> None:
    director, real = active(network), healthy(network)
    desk.write("web", V4, V4.real)
    with process(desk, director, tmp_path) as daemon:
        assert daemon.ask(STEADY) == 0, "there is a verdict when it says that it is ready"
        lose_vip(real, V4.vip)
        began = time.monotonic()
        until(lambda: daemon.ask(STEADY) == 1, "the VIP is gone")
        assert time.monotonic() - began < INTERVAL + 0.6 + 1.0, "an interval, a timeout, and a little"
        real.add_address(host_prefix(V4.vip), "lo")
        until(lambda: daemon.ask(STEADY) == 0, "it is back")
        assert daemon.stop() == 0
        assert not (desk.state / "last").exists(), "no check was made one by one"
        words = line(desk, STEADY)
        assert words[2] == "0"
        assert int(words[1]) - int(words[0]) == VERDICT_SECONDS
        assert daemon.ask(STEADY) == 0


def test_a_broken_file_at_a_reload_is_said_and_changes_nothing(network: Network, desk: Desk, tmp_path: Path) -> None:
    director = active(network)
    healthy(network)
    desk.write("web", V4, V4.real)
    with process(desk, director, tmp_path) as daemon:
        (desk.services / "web.toml").write_text("endpoint = [\n")
        desk.write("more", V4, V4.real)
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(b"RELOADING=1")
        until(lambda: f"more/{V4.real}" in daemon.status(), "the other file is read")
        assert "web.toml" in daemon.log()
        assert "goes on as it was" in daemon.log()
        before = daemon.status()
        until(lambda: later(daemon.status(), before), "what it had goes on")
        assert line(desk, STEADY)[2] == "0"


def kill_at_random_moments(network: Network, desk: Desk, tmp_path: Path, times: int) -> None:
    director, _, shaky = active(network), healthy(network), healthy(network, "other_real")
    desk.write("web", V4, V4.real, V4.other_real, fall=2)
    dice = random.Random(times)
    with Reader(desk.state, {STEADY}) as reader, process(desk, director, tmp_path) as daemon:
        for number in range(times):
            if number % 2:
                shaky.add_address(host_prefix(V4.vip), "lo")
            else:
                lose_vip(shaky, V4.vip)
            desk.write("web", V4, V4.real, V4.other_real, fall=2, rise=1 + number % 2)
            daemon.signal(signal.SIGHUP)
            time.sleep(dice.random() * 0.5)  # the moment is what is tried out
            daemon.kill()
            assert daemon.ask(STEADY) == 0, "fresh, or by a check in the dead one's stead"
            if dice.random() < 0.5:
                daemon.spawn()
                time.sleep(dice.random() * 0.4)
                daemon.kill()
            daemon.start()
            assert daemon.ask(STEADY) == 0
        if not times % 2:
            lose_vip(shaky, V4.vip)
        until(lambda: line(desk, SHAKY)[2] == "1", "the other one is found down")
        reader.another_round()
        assert reader.faults == []
        hidden = [path for path in desk.state.rglob(".*") if path.is_file()]
        assert hidden == [], "nothing half-written is left"


def test_killed_at_any_moment_it_leaves_no_half_file_and_no_healthy_server_goes_down(
    network: Network, desk: Desk, tmp_path: Path
) -> None:
    kill_at_random_moments(network, desk, tmp_path, 4)


@pytest.mark.full
def test_killed_at_thirty_moments(network: Network, desk: Desk, tmp_path: Path) -> None:
    kill_at_random_moments(network, desk, tmp_path, 30)


@pytest.mark.full
def test_the_verdicts_of_a_dead_daemon_expire_and_checks_go_on(network: Network, desk: Desk, tmp_path: Path) -> None:
    director, _, shaky = active(network), healthy(network), healthy(network, "other_real")
    desk.write("web", V4, V4.real, V4.other_real)
    with process(desk, director, tmp_path) as daemon:
        daemon.kill()
        lose_vip(shaky, V4.vip)
        ended = time.monotonic() + 60.0
        while daemon.ask(SHAKY) == 0:
            assert daemon.ask(STEADY) == 0
            assert time.monotonic() < ended
            time.sleep(0.5)
        assert daemon.ask(STEADY) == 0
        assert (desk.state / "last" / SHAKY).exists(), "it was a check that said so"


def test_a_restart_takes_as_many_failures_in_a_row_as_ever(network: Network, desk: Desk, tmp_path: Path) -> None:
    director, real = active(network), healthy(network)
    desk.write("web", V4, V4.real, fall=4)
    with Reader(desk.state, {STEADY}) as reader, process(desk, director, tmp_path) as daemon:
        daemon.kill()
        lose_vip(real, V4.vip)
        daemon.start()  # it has run once by now, and that one was a failure
        reader.another_round()
        assert reader.faults == []
        until(lambda: line(desk, STEADY)[2] == "1", "the fourth in a row")


SLOW_PAGES = """
import http.server, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(0.15)
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
"""


def slow_pages(host: Host, *addresses: str) -> None:
    """Serve pages that take most of a check's interval, so that one is nearly always under way."""
    for address in addresses:
        host.popen([sys.executable, "-c", SLOW_PAGES, address, str(PORT)])


def test_stopped_for_seconds_it_finds_nobody_down(network: Network, desk: Desk, tmp_path: Path) -> None:
    director, real = active(network), server_without_service(network)
    slow_pages(real, V4.vip, V4.real)
    ids = [f"{name}/{V4.real}" for name in ("web", "plain")]
    for name, mode in (("web", "enforce"), ("plain", "standard")):
        desk.write(name, V4, V4.real, mode=f'"{mode}"')
        file = desk.services / f"{name}.toml"
        file.write_text(file.read_text().replace('kind = "tcp"', 'kind = "http"'))
    with process(desk, director, tmp_path) as daemon:
        until(lambda: [daemon.ask(each) for each in ids] == [0, 0], "both are up")
        with Reader(desk.state, set(ids)) as reader:
            daemon.signal(signal.SIGSTOP)
            time.sleep(3.0)
            daemon.signal(signal.SIGCONT)
            before = daemon.status()
            until(lambda: later(daemon.status(), before), "both run again")
            reader.another_round()
            assert reader.faults == []


SLOW_MAILS = """
import socketserver, sys, time
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.say("220 ready")
        for line in self.rfile:
            self.say("221 bye" if line.upper().startswith(b"QUIT") else "250 ok")
    def say(self, line):
        time.sleep(0.03)
        self.wfile.write(line.encode() + b"\\r\\n")
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads, request_queue_size = True, True, 100
Server((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
"""


@pytest.mark.full
def test_kept_from_its_work_again_and_again_it_finds_no_slow_conversation_down(
    network: Network, desk: Desk, tmp_path: Path
) -> None:
    director, real = active(network), server_without_service(network)
    for address in (V4.vip, V4.real):
        real.popen([sys.executable, "-c", SLOW_MAILS, address, str(PORT)])
    mail = 'kind = "smtp"'
    ids = [f"mail{number}/{V4.real}" for number in range(10)]
    for number in range(10):
        desk.write(f"mail{number}", V4, V4.real, check="\n[[check]]\n".join([mail] * 3), timeout=1.0, interval=1.0)
    with process(desk, director, tmp_path) as daemon:
        until(lambda: [daemon.ask(each) for each in ids] == [0] * 10, "all are up")
        with Reader(desk.state, set(ids)) as reader:
            for _ in range(30):
                daemon.signal(signal.SIGSTOP)
                time.sleep(0.2)  # less than a quarter of the timeout, each time
                daemon.signal(signal.SIGCONT)
                time.sleep(0.02)
            before = daemon.status()
            until(lambda: later(daemon.status(), before), "all run again")
            reader.another_round()
            assert reader.faults == []


def later(now: dict[str, dict[str, Any]], before: dict[str, dict[str, Any]]) -> bool:
    """Return whether each check has run since, from begin to end, and passed."""
    return all(now[each]["runs"] > before[each]["runs"] + 1 and now[each]["reason"] == "ok" for each in before)


def test_while_roles_flap_no_master_is_told_what_the_other_path_found(
    network: Network, desk: Desk, tmp_path: Path
) -> None:
    director, real = standby(network), healthy(network)
    tcp_server(real, V4.real, PORT)
    lose_vip(real, V4.vip)  # so the raw path fails, and the standard one passes
    desk.role_file.write_text("0\n")
    desk.write("web", V4, V4.real, role_file=f'"{desk.role_file}"')
    with process(desk, director, tmp_path) as daemon:
        assert daemon.ask(STEADY) == 0
        ends = time.monotonic() + 5.0
        seen = set()
        while time.monotonic() < ends:
            for role in "10":
                desk.role_file.write_text(f"{role}\n")
                flaps_at = time.monotonic() + 0.1
                while time.monotonic() < flaps_at:
                    words = line(desk, STEADY)
                    seen.add((words[4], words[3], words[2]))
                    time.sleep(0.005)
        assert seen <= {("1", "raw", "1"), ("0", "standard", "0")}
        desk.role_file.write_text("1\n")
        assert daemon.ask(STEADY) == 1, "by the daemon or by a check, as a master"
        until(lambda: line(desk, STEADY)[3:5] == ["raw", "1"], "a master's", 5.0)
        desk.role_file.write_text("0\n")
        until(lambda: line(desk, STEADY)[3:5] == ["standard", "0"], "a backup's", 5.0)
        assert daemon.ask(STEADY) == 0


def is_held(daemon: Process) -> bool:
    held = daemon.status()[STEADY]["held"]
    assert isinstance(held, bool)
    return held


def test_an_interface_goes_down_comes_up_and_is_renamed(network: Network, desk: Desk, tmp_path: Path) -> None:
    director = active(network)
    healthy(network)
    desk.write("web", V4, V4.real, timeout=0.2)
    with process(desk, director, tmp_path) as daemon, Reader(desk.state, {STEADY}) as reader:
        director.ip("link", "set", "eth0", "down")
        until(lambda: is_held(daemon), "it is held")
        director.ip("link", "set", "eth0", "up")
        until(lambda: not is_held(daemon), "it is asked again")
        for command in (("down",), ("name", "lan0"), ("up",)):
            director.ip("link", "set", "lan0" if command == ("up",) else "eth0", *command)
        until(lambda: not is_held(daemon) and daemon.status()[STEADY]["reason"] == "ok", "by its new name")
        assert reader.faults == []
        said = [each for each in daemon.log().splitlines() if ": held as it was" in each]
        assert 1 <= len(said) <= 6, said


DROP_WHAT_LEAVES = f"""table netdev t {{ chain c {{ type filter hook egress device eth0 priority 0;
tcp dport {PORT} drop; }}; }}"""


def test_what_this_host_drops_as_it_leaves_is_not_the_servers_silence(
    network: Network, desk: Desk, tmp_path: Path
) -> None:
    director, real = active(network), healthy(network)
    desk.write("web", V4, V4.real)
    with process(desk, director, tmp_path) as daemon:
        with Reader(desk.state, {STEADY}) as reader:
            director.nft(DROP_WHAT_LEAVES)
            until(lambda: is_held(daemon), "it is held")
            director.run(["nft", "delete", "table", "netdev", "t"])
            until(lambda: not is_held(daemon), "it is judged again")
            reader.another_round()
            assert reader.faults == []
        assert "no verdict is held any more" in daemon.log()
        lose_vip(real, V4.vip)
        until(lambda: line(desk, STEADY)[2] == "1", "now it is the server")


MANY_SERVICES, MANY_SERVERS = 100, 200


@pytest.mark.full
@pytest.mark.parametrize("mode", ["enforce", "standard"])
def test_twenty_thousand_checks_with_a_thousand_descriptors(
    network: Network, desk: Desk, tmp_path: Path, mode: str
) -> None:
    director, real = active(network), server_without_service(network)
    servers = [f"10.0.1.{number + 1}" for number in range(MANY_SERVERS)]
    real.run(["ip", "-batch", "-"], stdin="".join(f"address add {each}/32 dev eth0\n" for each in servers))
    director.ip("route", "add", "10.0.1.0/24", "dev", "eth0")
    tcp_server(real, "0.0.0.0", PORT)
    for number in range(MANY_SERVICES):
        desk.write(f"web{number}", V4, *servers, mode=f'"{mode}"', interval=15.0, timeout=2.0)
    with process(desk, director, tmp_path, ("prlimit", "--nofile=1024:1024")) as daemon:

        def count(what: str) -> int:
            return sum(bool(check[what]) for check in daemon.status().values())

        until(lambda: count("healthy") == MANY_SERVICES * MANY_SERVERS, "all are up", 90.0)
        began = time.monotonic()
        before = daemon.status()
        until(lambda: later(daemon.status(), before), "all go on", 90.0)
        assert time.monotonic() - began < 60.0
        assert count("held") == 0, daemon.log()[-2000:]
        assert "not written" not in daemon.log()
        assert len(list(desk.state.glob("verdict/*/*"))) == MANY_SERVICES * MANY_SERVERS
