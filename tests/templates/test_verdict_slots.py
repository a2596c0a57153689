# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the daemon has died, so many checks are made at once and no more; the others answer as they did last."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from lvs_rawcheck.daemon.alive import Alive
from tests.netns.topology import wait_until
from tests.templates.verdict_desk import CHECK, SHELLS, SLOW, Desk, fresh, uptime, verdict


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return one whose daemon has died a minute ago."""
    desk = Desk(tmp_path)
    alive = Alive(str(desk.state))
    alive.note(1.0)
    alive.close()
    gone(desk, 60)
    return desk


def gone(desk: Desk, seconds: int, slots: int = 4) -> None:
    (desk.state / "daemon" / "alive").write_text(f"{uptime() - seconds} {slots}\n")


@contextmanager
def taken(desk: Desk, slots: int = 4) -> Iterator[ExitStack]:
    """Hold the locks of slots, as checks do that are being made; closed, it gives them back."""
    with ExitStack() as stack:
        for number in range(slots):
            file = stack.enter_context((desk.state / "slots" / str(number)).open())
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield stack


@pytest.mark.parametrize("shell", SHELLS)
def test_a_young_verdict_is_as_good_as_a_check(desk: Desk, shell: str) -> None:
    desk.fresh(fresh(age=18))
    desk.last(verdict(age=17))
    assert desk.run(shell=shell) == 0
    desk.fresh(fresh(age=22))
    desk.last(verdict(age=23))
    assert desk.run(shell=shell) is None


@pytest.mark.parametrize("status", [0, 1])
@pytest.mark.parametrize("shell", SHELLS)
def test_without_a_slot_the_last_verdict_stands(desk: Desk, shell: str, status: int) -> None:
    desk.fresh(fresh(status=status, age=90))
    with taken(desk):
        assert desk.run(shell=shell) == status
    assert desk.run(shell=shell) is None


@pytest.mark.parametrize(
    ("seconds", "age", "status"),
    [(60, 590, 0), (60, 602, None), (590, 595, 0), (603, 603, None), (603, 50, 0), (603, 63, None), (-3, 90, 0)],
)
def test_until_the_daemon_has_been_gone_for_ten_minutes(desk: Desk, seconds: int, age: int, status: int | None) -> None:
    gone(desk, seconds)
    desk.fresh(fresh(age=age))
    with taken(desk):
        assert desk.run() == status


def test_from_then_on_a_check_is_made_whenever_it_is_asked_for(desk: Desk) -> None:
    gone(desk, 603)
    desk.last(verdict(age=3))
    assert desk.run() is None


def test_one_lost_probe_is_not_told_twice(desk: Desk) -> None:
    desk.fresh(fresh(status=0, age=30))
    desk.last(verdict(status=1, age=3))
    assert desk.run() is None
    desk.fresh(fresh(status=1, age=30))  # the daemon had found it down, by as many failures as the service asks for
    assert desk.run() == 1
    desk.fresh(fresh(status=0, age=30))
    with taken(desk):
        assert desk.run() == 1


def test_only_for_the_role_that_it_was_given_in(desk: Desk) -> None:
    desk.role.write_text("1\n")
    desk.fresh(fresh(age=18, role=f"0 {desk.role}"))
    assert desk.run() is None
    desk.role.write_text("0\n")
    assert desk.run() == 0
    desk.fresh(fresh(age=90, role="1 auto"))
    with taken(desk):
        assert desk.run() == 0


def test_nothing_to_answer_with(desk: Desk) -> None:
    assert desk.run() is None
    with taken(desk):
        assert desk.run() is None


def test_a_slot_is_held_for_as_long_as_the_check_takes(desk: Desk) -> None:
    gone(desk, 60, slots=1)
    program = desk.script.parent / "program"
    program.write_text("#!/bin/sh\necho running\nread -r _\nexit 1\n")
    check = subprocess.Popen([str(desk.script), CHECK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with check:
        assert check.stdout is not None
        assert check.stdout.readline() == "running\n"
        desk.last(verdict(age=90))
        assert desk.run() == 0
        check.kill()
        check.wait()
        program.write_text("#!/bin/sh\necho 'the slow path'\nexit 1\n")
        assert desk.run() is None


def test_as_many_at_once_as_there_are_slots(desk: Desk) -> None:
    """Ask for 40 checks at once: no more of them run than there are slots, and the others answer at once."""
    gone(desk, 60, slots=4)
    program = desk.script.parent / "program"
    program.write_text("#!/bin/sh\necho running\nread -r _\nexit 1\n")
    desk.last(verdict(age=150))
    asked = [
        subprocess.Popen([str(desk.script), CHECK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(40)
    ]
    running = 0
    for check in asked:
        assert check.stdout is not None
        running += check.stdout.readline() == "running\n"  # an end of file from those that have answered
    for check in asked:
        check.communicate("\n", timeout=20)
    assert 1 <= running <= 4
    assert sorted(check.returncode for check in asked) == [0] * (40 - running) + [1] * running


@pytest.mark.parametrize(
    "content",
    ["", "\n", "x 4\n", "1\n", "1 0\n", "1 -4\n", "1 4 4\n", "1 99999999\n", "1 08\n", "08 4\n", "a[1] b[2]\n"],
)
@pytest.mark.parametrize("shell", SHELLS)
def test_a_sign_of_life_that_says_nothing(desk: Desk, shell: str, content: str) -> None:
    desk.fresh(fresh(age=18))
    (desk.state / "daemon" / "alive").write_text(content)
    assert desk.run(shell=shell) is None


@pytest.mark.parametrize("shell", SHELLS)
def test_slots_that_cannot_be_locked_limit_nobody(desk: Desk, shell: str) -> None:
    desk.fresh(fresh(age=90))
    slots = desk.state / "slots"
    slots.rename(desk.state / "elsewhere")
    assert desk.run(shell=shell) is None
    slots.mkdir()
    for number in range(4):
        os.mkfifo(slots / str(number))
    assert desk.run(shell=shell) is None


def test_no_daemon_no_slots(desk: Desk) -> None:
    (desk.state / "daemon" / "alive").unlink()
    desk.last(verdict(age=3))
    assert desk.run() is None


@pytest.mark.parametrize("status", [0, 1])
@pytest.mark.parametrize("shell", SHELLS)
def test_told_to_end_while_it_waits_it_answers_with_the_last(desk: Desk, shell: str, status: int) -> None:
    """Let keepalived lose its patience first: it signals the whole group, flock(1) too."""
    desk.fresh(fresh(status=status, age=90))
    command = ["busybox", "sh"] if shell == "busybox" else [shell]
    with taken(desk):
        asked = subprocess.Popen([*command, str(desk.script), CHECK], process_group=0)
        children = Path(f"/proc/{asked.pid}/task/{asked.pid}/children")
        wait_until(lambda: bool(children.read_text()), "it waits")
        os.killpg(asked.pid, signal.SIGTERM)
        assert asked.wait(20) == status


def test_only_the_first_eighth_of_the_slots_are_gates(desk: Desk) -> None:
    gone(desk, 60, slots=16)
    desk.fresh(fresh(age=90))
    for number in range(4, 16):
        (desk.state / "slots" / str(number)).touch()
    with taken(desk, slots=2):
        assert desk.run() == 0
    assert desk.run() is None


def test_who_has_waited_longest_waits_at_the_gate(desk: Desk) -> None:
    desk.last(verdict(age=90))
    with taken(desk) as holders:
        asked = subprocess.Popen([str(desk.script), CHECK], stdout=subprocess.PIPE, text=True)
        children = Path(f"/proc/{asked.pid}/task/{asked.pid}/children")
        wait_until(lambda: bool(children.read_text()), "it waits")
        holders.close()
        assert asked.communicate(timeout=20)[0] == SLOW, "it is the next"
