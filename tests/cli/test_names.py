# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of hosts and services: found by the system's own means, never for longer than the deadline."""

from __future__ import annotations

import os
import socket
import sys
import time

import pytest

from lvs_rawcheck import clock
from lvs_rawcheck.cli import names
from lvs_rawcheck.errors import LinkError, UsageError
from lvs_rawcheck.wire.address import parse_address
from tests.cli.commands import Desk
from tests.cli.site import PORT, REAL_IP, VIP, Site
from tests.netns.topology import wait_until

HOSTS = f"{REAL_IP} web1\n{VIP} www.example.com www\n2001:db8::42 web1 web6\n2001:db8::100 www6\n"


def soon() -> float:
    return clock.now() + 5.0


def test_addresses_and_numbers_are_asked_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fork", None)  # a child would be an error
    assert names.resolve_hosts(REAL_IP, VIP, 0.0) == (parse_address(REAL_IP), parse_address(VIP))
    assert names.resolve_port("80", 0.0) == 80


@pytest.mark.parametrize(
    "word",
    ["", ".", "-web", "web server", "web/1", "10.1", "10.0.0.1.", "0x7f000001", "web.0x1", "1", "a" * 254, "caf\u00e9"],
)
def test_words_that_are_neither_address_nor_name(word: str) -> None:
    with pytest.raises(UsageError):
        names.resolve_hosts(word, VIP, soon())


def test_service_names() -> None:
    assert names.resolve_port("http", soon()) == 80
    with pytest.raises(UsageError, match="nor a TCP service known to this system: 'no-such-service'"):
        names.resolve_port("no-such-service", soon())


@pytest.mark.netns
def test_the_services_of_the_system_are_asked_by_name(desk: Desk) -> None:
    desk.mount("/etc/services", "9web 8080/tcp\nudponly 8081/udp\n")
    desk.mount("/etc/nsswitch.conf", "services: files\n")
    known = desk.drop_in(None, "eth0", REAL_IP, VIP, "9web")
    assert known.stderr == "check_tcp_raw: cannot-judge: no interface eth0\n"
    assert known.log[0].text == f"{VIP}:8080 via {REAL_IP} down: cannot-judge: no interface eth0"
    unknown = desk.drop_in(None, "eth0", REAL_IP, VIP, "udponly")
    assert "nor a TCP service known to this system: 'udponly'" in unknown.stderr


def test_an_answer_that_does_not_come_is_not_waited_for() -> None:
    def hang() -> str:
        time.sleep(60)
        return ""

    started = clock.now()
    with pytest.raises(LinkError, match="host name 'slow' was not resolved in time"):
        names.ask_by(started + 0.2, hang, "host name 'slow'")
    assert 0.2 <= clock.now() - started < 2.0


def test_a_child_that_fails_says_nothing_and_leaves_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> str:
        raise RuntimeError

    with pytest.raises(LinkError):
        names.ask_by(soon(), fail, "host name 'x'")
    assert capfd.readouterr() == ("", "")
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_child_outlives_nobody() -> None:
    reader, writer = os.pipe()
    parent = os.fork()
    if parent == 0:

        def tell_and_sleep() -> str:
            os.write(writer, f"{os.getpid()}\n".encode())
            time.sleep(60)
            return ""

        try:
            names.ask_by(clock.now() + 0.5, tell_and_sleep, "x")
        finally:
            os._exit(0)
    os.close(writer)
    child = int(os.read(reader, 20))
    os.kill(parent, 9)
    os.waitpid(parent, 0)
    # The only other holder of the pipe's end is the child: it is closed when the child has ended.
    os.set_blocking(reader, False)

    def ended() -> bool:
        try:
            return os.read(reader, 1) == b""
        except BlockingIOError:
            return False

    wait_until(ended, f"child {child} ended by its alarm", 5.0)
    os.close(reader)


# By the command, with a system's files of the test's own.

IGNORING_CHILDREN = (
    "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
)


@pytest.mark.netns
def test_a_parent_that_ignores_its_children_changes_nothing(desk: Desk, site: Site) -> None:
    desk.mount("/etc/hosts", HOSTS)
    desk.become = (sys.executable, "-I", "-c", IGNORING_CHILDREN)
    outcome = desk.drop_in(site.director, "eth0", "web1", "www", "http")
    assert (outcome.status, outcome.stderr) == (0, "")


@pytest.mark.netns
@pytest.mark.parametrize(
    ("real_server", "vip", "shown"),
    [
        ("web1", "www", f"{VIP}:80 via {REAL_IP} up"),
        ("web1", VIP, f"{VIP}:80 via {REAL_IP} up"),
        (REAL_IP, "www.example.com", f"{VIP}:80 via {REAL_IP} up"),
        ("web1", "www6", "[2001:db8::100]:80 via 2001:db8::42 up"),
        ("2001:db8::42", "www6", "[2001:db8::100]:80 via 2001:db8::42 up"),
        ("WEB6", "www6", "[2001:db8::100]:80 via 2001:db8::42 up"),
    ],
)
def test_names_of_a_site(desk: Desk, site: Site, real_server: str, vip: str, shown: str) -> None:
    desk.mount("/etc/hosts", HOSTS)
    outcome = desk.drop_in(site.director, "eth0", real_server, vip, "http")
    assert outcome.stdout.startswith(shown)
    assert outcome.status == 0


@pytest.mark.netns
@pytest.mark.parametrize(("real_server", "vip"), [("nobody", VIP), (REAL_IP, "nobody"), ("web6", VIP), ("web6", "www")])
def test_names_without_an_address_of_the_family(desk: Desk, site: Site, real_server: str, vip: str) -> None:
    desk.mount("/etc/hosts", HOSTS)
    desk.mount("/etc/nsswitch.conf", "hosts: files\nservices: files\n")
    outcome = desk.drop_in(site.director, "eth0", real_server, vip, PORT)
    assert (outcome.status, outcome.stdout) == (1, "")
    assert outcome.stderr.startswith("check_tcp_raw: cannot-judge: host name ")


@pytest.mark.netns
def test_a_name_server_that_hangs_is_not_waited_for(desk: Desk, site: Site) -> None:
    desk.mount("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:30 attempts:5\n")
    desk.mount("/etc/nsswitch.conf", "hosts: dns\nservices: files\n")
    with site.director.entered():
        silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with silent:
        silent.bind(("127.0.0.1", 53))  # hears every question, answers none
        outcome = desk.drop_in(site.director, "-t", "300", "eth0", "web1.example.com", VIP, PORT)
        assert silent.recv(512, socket.MSG_DONTWAIT)
    assert (outcome.status, outcome.stdout) == (1, "")
    assert "host name 'web1.example.com' was not resolved in time" in outcome.stderr
    assert 0.6 <= outcome.seconds < 1.6


@pytest.mark.netns
def test_time_spent_on_names_is_taken_from_the_check(desk: Desk, site: Site) -> None:
    desk.mount("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    desk.mount("/etc/nsswitch.conf", "hosts: dns files\nservices: files\n")
    desk.mount("/etc/hosts", "10.0.0.99 gone\n")
    with site.director.entered():
        silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with silent:
        silent.bind(("127.0.0.1", 53))
        outcome = desk.drop_in(site.director, "-t", "900", "eth0", "gone", VIP, PORT)
    assert "no-neighbour" in outcome.stdout
    assert 1.7 <= outcome.seconds < 2.8  # 1 s for the name, the rest of 1.8 s for the check
