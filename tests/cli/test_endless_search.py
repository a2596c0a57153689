# SPDX-License-Identifier: GPL-2.0-or-later
"""A pattern that a server's answer keeps busy for ever holds no check beyond its deadline and the grace."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lvs_rawcheck.cli.exit_status import GRACE
from tests.checks.text.serving import PORT, Serving
from tests.cli.commands import Desk
from tests.cli.site import REAL_IP, VIP, Site
from tests.netns.topology import wait_until

SEARCHED_SECONDS = 0.2  # of CPU, more than a whole check takes
TIMEOUT = 0.4
START_UP = 1.0  # seconds a process may take to start and end, on a busy machine
PATTERN = "a.*b.*c.*d"  # in a line of this length it takes minutes
LINE = b"a" * 60_000 + b"\n"
TICKS = os.sysconf("SC_CLK_TCK")

netns = pytest.mark.netns


def says_the_line(connection: socket.socket) -> None:
    connection.sendall(LINE)
    connection.recv(1)


def start_searching(desk: Desk, site: Site) -> subprocess.Popen[str]:
    """Return a check whose pattern is being searched."""
    words = ["check", "simpletcp", *desk.own_folders(), "-t", str(TIMEOUT), "--receive", PATTERN]
    child = desk.start(site.director, "lvs-rawcheck", *words, REAL_IP, VIP, str(PORT))

    def searches() -> bool:
        assert child.poll() is None, "it ended early"
        user_ticks = int(Path(f"/proc/{child.pid}/stat").read_text().rsplit(")", 1)[1].split()[11])
        return user_ticks / TICKS > SEARCHED_SECONDS

    wait_until(searches, "the pattern is searched")
    return child


@netns
@pytest.mark.parametrize("number", [None, signal.SIGTERM], ids=["alone", "SIGTERM"])
def test_it_ends_soon_after_the_deadline(desk: Desk, site: Site, number: signal.Signals | None) -> None:
    with Serving(site.server, says_the_line):
        child = start_searching(desk, site)
        if number is not None:
            child.send_signal(number)
        outcome = desk.finish(child)
    assert outcome.status == 1
    assert outcome.seconds < TIMEOUT + GRACE + START_UP


# The alarm is left out: what is tried is the thread.
STAY_BUSY = f"""
import signal
import lvs_rawcheck.checks.patterns
from lvs_rawcheck.cli import exit_status
exit_status.end_after({0.1 - GRACE})
%s
signal.signal(signal.SIGALRM, signal.SIG_IGN)
lvs_rawcheck.checks.patterns.compile_pattern(".*b").search(b"a" * 45_000)  # most of a second
"""


@pytest.mark.parametrize(
    ("then", "status"), [("", 1), ("exit_status.verdict_given(0)", 0), ("exit_status.end_no_more()", 0)]
)
def test_a_verdict_that_was_given_is_not_turned_over(then: str, status: int) -> None:
    done = subprocess.run([sys.executable, "-c", STAY_BUSY % then], capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (status, b"", b"")
