# SPDX-License-Identifier: GPL-2.0-or-later
"""A check never dies by a signal: ldirectord reads that as healthy."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.commands import ERROR, Desk
from tests.cli.site import NOBODY_IP, PORT, REAL_IP, VIP, Site
from tests.netns.topology import Host, wait_until

pytestmark = pytest.mark.netns

# Those that end a process and can be caught; a crash of our own (SIGSEGV and its like) is none of these.
DEADLY = [
    *(signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGALRM, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2),
    *(signal.SIGXCPU, signal.SIGVTALRM, signal.SIGPROF, signal.SIGIO, signal.SIGPWR, signal.Signals(16)),  # SIGSTKFLT
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
