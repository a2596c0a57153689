# SPDX-License-Identifier: GPL-2.0-or-later
"""A check never dies by a signal: ldirectord reads that as healthy."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lvs_rawcheck.cli.exit_status import GRACE
from tests.cli.commands import ERROR, LAUNCHER, TIMEOUT, Desk
from tests.cli.site import NOBODY_IP, PORT, REAL_IP, VIP, Site
from tests.netns.topology import Host, wait_until

pytestmark = pytest.mark.netns

START_UP = 1.0  # seconds a process may take to start and end, on a busy machine

# Those that end a process and can be caught; a crash of our own (SIGSEGV and its like) is none of these. The real-time
# ones that the C library keeps to itself, 32 and 33, cannot be caught.
DEADLY = [
    *(signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGALRM, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2),
    *(signal.SIGXCPU, signal.SIGVTALRM, signal.SIGPROF, signal.SIGIO, signal.SIGPWR, signal.Signals(16)),  # SIGSTKFLT
    *(signal.SIGABRT, signal.SIGSYS, signal.SIGTRAP, signal.SIGRTMIN, signal.SIGRTMAX),
]


def wait_until_it_waits(child: subprocess.Popen[str]) -> None:
    """Return once the program has opened its packet socket: from then on it is waiting for frames."""

    def waits() -> bool:
        assert child.poll() is None, "it ended early"
        try:
            links = [str(link.readlink()) for link in Path(f"/proc/{child.pid}/fd").iterdir()]
        except FileNotFoundError:
            return False  # closed while we looked: it is still starting
        sockets = sum(link.startswith("socket:") for link in links)
        return sockets >= 3  # rtnetlink, guard, packet

    wait_until(waits, "the check has its sockets")


def start_waiting(desk: Desk, host: Host, *options: str) -> subprocess.Popen[str]:
    words = ["check", "tcp", *desk.own_folders(), "-t", "10", *options]
    child = desk.start(host, "lvs-rawcheck", *words, NOBODY_IP, VIP, PORT)
    wait_until_it_waits(child)
    return child


@pytest.mark.parametrize("number", DEADLY, ids=lambda number: signal.Signals(number).name)
def test_a_signal_is_exit_status_1(desk: Desk, site: Site, number: signal.Signals) -> None:
    child = start_waiting(desk, site.director)
    child.send_signal(number)
    outcome = desk.finish(child)
    assert outcome.status == 1
    assert (outcome.stdout, outcome.stderr) == ("", "")
    assert [line.severity for line in outcome.log] == [ERROR]
    assert outcome.log[0].text.startswith(f"ended by signal {number.value} before the verdict: check tcp ")
    assert outcome.seconds < 5.0


def test_a_standard_check_is_no_different(desk: Desk, site: Site) -> None:
    role = desk.file("role", "0")
    words = ["check", "tcp", *desk.own_folders(), "-t", "10", "-r", str(role), NOBODY_IP, VIP, PORT]
    child = desk.start(site.director, "lvs-rawcheck", *words)
    wait_until(lambda: has_handler(child, signal.SIGTERM), "handlers are set")
    child.send_signal(signal.SIGTERM)
    assert desk.finish(child).status == 1


def has_handler(child: subprocess.Popen[str], number: signal.Signals) -> bool:
    status = Path(f"/proc/{child.pid}/status").read_text()
    caught = int(status.split("SigCgt:")[1].split()[0], 16)
    return bool(caught >> (number - 1) & 1) and "python" in Path(f"/proc/{child.pid}/exe").readlink().name


def test_a_broken_pipe_is_no_signal(desk: Desk, site: Site) -> None:
    """SIGPIPE is ignored: a reader who has gone changes no verdict."""
    child = start_waiting(desk, site.director, "-t", "0.5")
    child.send_signal(signal.SIGPIPE)
    outcome = desk.finish(child)
    assert outcome.status == 1
    assert "no-neighbour" in outcome.stdout


# Runs a command as the launcher does, then kills itself where the interpreter would begin to end.
KILLED_AT_THE_END = """
import os, signal, sys
from lvs_rawcheck.cli.main import run_as
status = run_as("lvs-rawcheck")
for number in map(int, os.environ["NUMBERS"].split()):
    signal.raise_signal(number)
sys.exit(status)
"""


def test_a_signal_after_the_verdict_does_not_change_it() -> None:
    environment = {"NUMBERS": " ".join(str(int(number)) for number in DEADLY)}
    argv = [sys.executable, "-c", KILLED_AT_THE_END, "--version"]
    done = subprocess.run(argv, cwd=LAUNCHER.parents[2], env=environment, stdout=subprocess.DEVNULL, timeout=TIMEOUT)
    assert done.returncode == 0


# What holds a check up.


def full_pipe() -> tuple[int, int]:
    """Return reader and writer of a pipe that takes no octet more, and that nobody reads."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, bytes(4096))
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"\0")
    os.set_blocking(writer, True)
    return reader, writer


@pytest.fixture
def stuck() -> Iterator[int]:
    """A place to write to in which a writer waits for ever."""
    reader, writer = full_pipe()
    yield writer
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize("options", [(), ("--json",), ("-r", "/nonexistent")], ids=" ".join)
@pytest.mark.parametrize(("port", "status"), [(PORT, 0), ("81", 1)])
def test_words_that_nobody_reads_change_no_verdict_and_hold_nobody(
    desk: Desk, site: Site, stuck: int, options: tuple[str, ...], port: str, status: int
) -> None:
    words = ["check", "tcp", *desk.own_folders(), *options, REAL_IP, VIP, port]
    outcome = desk.finish(desk.start(site.director, "lvs-rawcheck", *words, stdout=stuck, stderr=stuck))
    assert outcome.status == status
    assert GRACE - 0.5 < outcome.seconds < GRACE + START_UP


@pytest.mark.parametrize("port", [PORT, "81"])
def test_neither_do_they_in_the_drop_in(desk: Desk, site: Site, stuck: int, port: str) -> None:
    words = [*desk.own_folders(), "eth0", REAL_IP, VIP, port]
    outcome = desk.finish(desk.start(site.director, "check_tcp_raw", *words, stdout=stuck, stderr=stuck))
    assert outcome.status == (0 if port == PORT else 1)
    assert outcome.seconds < GRACE + START_UP


@pytest.mark.parametrize("program", ["lvs-rawcheck", "check_tcp_raw"])
def test_a_check_that_hangs_before_its_verdict_ends_soon_after_its_deadline(
    desk: Desk, site: Site, stuck: int, program: str
) -> None:
    """-v writes while the check runs; the drop-in writes its parameters even before it."""
    drop_in = ["-t", "250", "-v", "eth0"]  # milliseconds, for each of two answers
    words = drop_in if program == "check_tcp_raw" else ["check", "tcp", "-t", "0.5", "-v"]
    child = desk.start(site.director, program, *words, REAL_IP, VIP, PORT, stderr=stuck)
    outcome = desk.finish(child)
    assert (outcome.status, outcome.stdout) == (1, "")
    assert outcome.log[0].text.startswith(f"ended by signal {signal.SIGALRM.value} before the verdict: ")
    assert 0.5 + GRACE - 0.5 < outcome.seconds < 0.5 + GRACE + START_UP


@pytest.mark.parametrize("program", ["lvs-rawcheck", "check_tcp_raw"])
def test_usage_errors_that_nobody_reads(desk: Desk, stuck: int, program: str) -> None:
    words = ["--nonsense"] if program == "check_tcp_raw" else ["check", "tcp", "--nonsense"]
    outcome = desk.finish(desk.start(None, program, *words, stderr=stuck))
    assert outcome.status == 1
    assert outcome.seconds < GRACE + START_UP


# Where words cannot be written.

REDIRECTIONS = {
    "both closed": ">&- 2>&-",
    "stdin too": "<&- >&- 2>&-",
    "both full": ">/dev/full 2>/dev/full",
    "stdout full": ">/dev/full",
}
OPTIONS = [(), ("--json",), ("-vv",), ("-r", "/nonexistent")]


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
@pytest.mark.parametrize("name", REDIRECTIONS)
def test_words_that_cannot_be_written_change_no_verdict(
    desk: Desk, site: Site, name: str, options: tuple[str, ...]
) -> None:
    desk.become = ("sh", "-c", f'exec "$@" {REDIRECTIONS[name]}', "sh")
    assert desk.check(site.director, *options, REAL_IP, VIP, PORT).status == 0
    assert desk.check(site.director, *options, REAL_IP, VIP, "81").status == 1


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
@pytest.mark.parametrize(("port", "status"), [(PORT, 0), ("81", 1)])
def test_a_reader_who_has_gone_changes_no_verdict(
    desk: Desk, site: Site, options: tuple[str, ...], port: str, status: int
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    words = ["check", "tcp", *desk.own_folders(), *options, REAL_IP, VIP, port]
    child = desk.start(site.director, "lvs-rawcheck", *words, stdout=writer, stderr=writer)
    os.close(writer)
    assert desk.finish(child).status == status


def test_usage_errors_that_cannot_be_written(desk: Desk) -> None:
    desk.become = ("sh", "-c", 'exec "$@" >/dev/full 2>/dev/full', "sh")
    outcome = desk.check(None, "--nonsense")
    assert outcome.status == 1
    assert [line.text for line in outcome.log] == ["cannot-judge: unknown option --nonsense"]


@pytest.mark.parametrize("program", ["lvs-rawcheck", "check_tcp_raw"])
def test_help_that_cannot_be_written(desk: Desk, program: str) -> None:
    desk.become = ("sh", "-c", 'exec "$@" >&- 2>&-', "sh")
    assert desk.run(None, program, "--help").status == 0
