# SPDX-License-Identifier: GPL-2.0-or-later
"""One line to the log, and a check is never held up by it."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from lvs_rawcheck.director import system_log
from lvs_rawcheck.director.system_log import LOG_WARNING, log_line


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A log socket of the test's own."""
    address = str(tmp_path / "log")
    monkeypatch.setattr(system_log, "_ADDRESS", address)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(address)
        listening.setblocking(False)
        yield listening


def test_a_line_as_syslog_writes_it(log: socket.socket) -> None:
    assert log_line(LOG_WARNING, "10.0.0.100:80 via 10.0.0.42 down")
    line = log.recv(4096).decode()
    expected = r"<28>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d lvs-rawcheck\[(\d+)\]: 10\.0\.0\.100:80 via 10\.0\.0\.42 down"
    match = re.fullmatch(expected, line)
    assert match, line
    assert int(match[1]) == os.getpid()


def test_whatever_it_is_told_it_is_one_line(log: socket.socket) -> None:
    assert log_line(LOG_WARNING, "first\n<0>second\0\x1b[31m \udcff")
    octets = log.recv(4096)
    assert all(octet >= 0x20 for octet in octets)
    assert octets.endswith(rb"first <0>second  [31m \udcff")


def test_a_long_line_is_cut(log: socket.socket) -> None:
    assert log_line(LOG_WARNING, "x" * 100_000)
    assert len(log.recv(200_000)) == 1024


def test_a_full_queue_holds_nobody(log: socket.socket) -> None:
    taken = [log_line(LOG_WARNING, "nobody reads") for _ in range(5000)]
    assert taken[0]
    assert not taken[-1]


def test_no_logger_is_no_trouble(log: socket.socket) -> None:
    os.unlink(log.getsockname())
    assert not log_line(LOG_WARNING, "nobody there")
