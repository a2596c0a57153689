# SPDX-License-Identifier: GPL-2.0-or-later
"""What systemd is told, by a socket of the test's in the place of systemd's."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from lvs_rawcheck import clock
from lvs_rawcheck.daemon.notify_systemd import SystemdNotifier


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """A socket that hears, and its name as $NOTIFY_SOCKET has it."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@lvs-rawcheck-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(name.replace("@", "\0", 1))
        listening.setblocking(False)
        yield listening, name


def heard(listening: socket.socket) -> list[str]:
    """Return what was said since the last time, a datagram each."""
    said = []
    while True:
        try:
            said.append(listening.recv(4096).decode())
        except BlockingIOError:
            return said


def test_the_life_of_a_service(manager: tuple[socket.socket, str]) -> None:
    listening, name = manager
    notifier = SystemdNotifier({"NOTIFY_SOCKET": name})
    before = int(clock.now() * 1e6)
    notifier.ready()
    notifier.reloading()
    notifier.ready()
    notifier.status("3 checks: 2 up\nREADY=0")
    notifier.stopping()
    ready, reloading, *others = heard(listening)
    assert [ready, *others] == ["READY=1", "READY=1", "STATUS=3 checks: 2 up READY=0", "STOPPING=1"]
    word, microseconds = reloading.split("\nMONOTONIC_USEC=")
    assert word == "RELOADING=1"
    assert before <= int(microseconds) <= clock.now() * 1e6
    notifier.close()
    notifier.ready()
    assert heard(listening) == []


def test_the_watchdog_hears_a_word_at_half_its_time(manager: tuple[socket.socket, str]) -> None:
    listening, name = manager
    notifier = SystemdNotifier({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())})
    assert notifier.watchdog_seconds == 3.0
    now = 1000.0
    words = 0
    for _ in range(100):
        timer = notifier.next_timer()
        assert timer is not None
        if timer <= now:
            notifier.work(None, now)
        words += len(heard(listening))
        now += 0.1
    assert words == 7  # of ten seconds: at once, then every 1.5
    notifier.close()


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": ""},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "-5"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "²"},
        {"WATCHDOG_USEC": "9" * 5000},
        {"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"},
    ],
)
def test_no_watchdog(manager: tuple[socket.socket, str], environment: dict[str, str]) -> None:
    listening, name = manager
    notifier = SystemdNotifier({"NOTIFY_SOCKET": name, **environment})
    assert (notifier.watchdog_seconds, notifier.next_timer()) == (None, None)
    notifier.work(None, 1000.0)
    assert heard(listening) == []
    notifier.close()


@pytest.mark.parametrize("name", ["", "relative", "vsock:2:9999", "/no/such/socket", "@nobody-listens-here", "/" * 500])
def test_nobody_to_tell(name: str) -> None:
    notifier = SystemdNotifier({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "1000000"})
    notifier.ready()
    notifier.status("all is well")
    notifier.work(None, 1.0)
    assert not notifier.holds(0)
    notifier.close()


def test_a_manager_that_does_not_read_holds_nobody_up(manager: tuple[socket.socket, str]) -> None:
    listening, name = manager
    notifier = SystemdNotifier({"NOTIFY_SOCKET": name})
    began = clock.now()
    for _ in range(5000):
        notifier.ready()
    assert clock.now() - began < 5.0
    assert set(heard(listening)) == {"READY=1"}
    notifier.close()


def test_a_status_that_is_no_text(manager: tuple[socket.socket, str]) -> None:
    listening, name = manager
    notifier = SystemdNotifier({"NOTIFY_SOCKET": name})
    notifier.status("\udcff" + "x" * 100_000)
    (said,) = heard(listening)
    assert said.startswith("STATUS= xxx")
    assert len(said) < 300
    notifier.close()
