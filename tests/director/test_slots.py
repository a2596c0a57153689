# SPDX-License-Identifier: GPL-2.0-or-later
"""A check that has started leaves its gate to the next, and holds a slot for as long as it lives."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lvs_rawcheck.director.slots import FOLDER, GATE_DESCRIPTOR

SLOTS = 16  # of which 2 are gates
_ROOT = Path(__file__).resolve().parents[2]
# Holds the gate as the script does, leaves it, says so, and lives until its stdin ends.
_CHECK = f"""
import fcntl, os, sys
sys.path.insert(0, sys.argv[1])
from lvs_rawcheck.director.slots import leave_gate
if sys.argv[3] != "-":
    gate = os.open(sys.argv[3], os.O_RDONLY)
    os.dup2(gate, {GATE_DESCRIPTOR})
    os.close(gate)
    fcntl.flock({GATE_DESCRIPTOR}, fcntl.LOCK_EX)
leave_gate(sys.argv[2])
print("left", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / FOLDER).mkdir()
    for number in range(SLOTS):
        (tmp_path / FOLDER / str(number)).touch()
    return tmp_path


@contextmanager
def check(state: Path, gate: str) -> Iterator[subprocess.Popen[str]]:
    """Run one that has been at a gate, a path; `-` for none."""
    command = [sys.executable, "-I", "-S", "-c", _CHECK, str(_ROOT), str(state), gate]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "left\n"
        yield child
        child.kill()


def taken(state: Path) -> list[int]:
    """Return which slots somebody holds."""
    found = []
    for number in range(SLOTS):
        with (state / FOLDER / str(number)).open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                found.append(number)
    return found


def test_it_goes_on_to_the_first_slot_that_is_free(state: Path) -> None:
    with check(state, str(state / FOLDER / "1")):
        assert taken(state) == [2]
        with check(state, str(state / FOLDER / "1")):
            assert taken(state) == [2, 3]
    assert taken(state) == []


def test_where_none_is_free_it_stays(state: Path) -> None:
    files = [(state / FOLDER / str(number)).open() for number in range(2, SLOTS)]
    for file in files:
        fcntl.flock(file, fcntl.LOCK_EX)
    with check(state, str(state / FOLDER / "0")):
        for file in files:
            file.close()
        assert taken(state) == [0]


def test_one_that_was_at_no_gate_takes_no_slot(state: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.touch()
    for gate in ("-", str(elsewhere)):
        with check(state, gate):
            assert taken(state) == []


def test_a_link_is_no_slot(state: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.touch()
    (state / FOLDER / "2").unlink()
    (state / FOLDER / "2").symlink_to(victim)
    with check(state, str(state / FOLDER / "0")):
        assert taken(state) == [3]


def test_without_the_folder_it_goes_on(tmp_path: Path) -> None:
    with check(tmp_path, "-"):
        assert not (tmp_path / FOLDER).exists()
