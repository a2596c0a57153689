# SPDX-License-Identifier: GPL-2.0-or-later
"""While the package is upgraded, `verdict` gives the last verdict again: only a fresh, whole one of the same role."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lvs_rawcheck.registry.templates import Templates

CHECK = "tcp-10.0.0.100-80/10.0.0.42"
SLOW = "the slow path\n"
SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]


class Desk:
    """A state folder, and the script with a program in Python's place that tells of itself and fails."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.state.mkdir()
        program = folder / "program"
        program.write_text(f"#!/bin/sh\necho '{SLOW.strip()}'\nexit 1\n")
        program.chmod(0o755)
        text = Templates(str(folder / "no overrides")).render(
            "verdict",
            python=str(program),
            launcher=str(program),
            services_folder=str(folder),
            state_folder=str(self.state),
        )
        self.script = folder / "verdict"
        self.script.write_text(text)
        self.role = folder / "role"

    def hold(self, age: int = 1) -> None:
        (self.state / "hold").write_text(f"{uptime() - age}\n")

    def last(self, line: str, check: str = CHECK) -> Path:
        path = self.state / "last" / check
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(line)
        return path

    def run(self, check: str = CHECK, shell: str = "dash") -> int | None:
        """Return the status that was held, None: it went the slow path."""
        words = [str(self.script), check]
        command = ["busybox", "sh", *words] if shell == "busybox" else [shell, *words]
        # Nothing of the environment counts, and with this PATH no program but absolute ones is found.
        hostile = {"PATH": "/nowhere", "IFS": "0", "found": "1", "held": "1", "role_file": "/"}
        program = shutil.which(command[0])
        assert program is not None
        done = subprocess.run(
            [program, *command[1:]], env=hostile, capture_output=True, text=True, check=False, timeout=20
        )
        if done.stdout == SLOW:
            assert done.returncode == 1
            return None
        assert (done.stdout, done.stderr) == ("", "")
        return done.returncode


def uptime() -> int:
    return int(Path("/proc/uptime").read_text().split(".")[0])


def verdict(status: int = 0, age: int = 5, role: str = "- -", path: str = "raw", reason: str = "") -> str:
    return f"{uptime() - age} 0 {status} {path} {role} {reason or ('no-answer' if status else 'ok')}\n"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("status", [0, 1])
@pytest.mark.parametrize("check", [CHECK, "tcp-2001-db8--1-80/2001:db8::42"])
def test_the_last_verdict_is_given_again(desk: Desk, shell: str, status: int, check: str) -> None:
    desk.last(verdict(status), check)
    assert desk.run(check, shell) is None
    desk.hold()
    assert desk.run(check, shell) == status
    (desk.state / "hold").unlink()
    assert desk.run(check, shell) is None


def test_what_may_be_missing_in_an_upgrade_is_not_needed(desk: Desk) -> None:
    desk.hold()
    desk.last(verdict())
    (desk.script.parent / "program").unlink()
    assert desk.run() == 0


@pytest.mark.parametrize(("age", "status"), [(0, 0), (118, 0), (121, None), (5000, None), (-10, None)])
def test_a_hold_ends_by_itself(desk: Desk, age: int, status: int | None) -> None:
    desk.last(verdict())
    desk.hold(age)
    assert desk.run() == status


@pytest.mark.parametrize(("age", "status"), [(0, 0), (298, 0), (301, None), (-10, None)])
def test_an_old_verdict_is_none(desk: Desk, age: int, status: int | None) -> None:
    desk.hold()
    desk.last(verdict(age=age))
    assert desk.run() == status


@pytest.mark.parametrize(
    ("role", "content", "status"),
    [
        *(("1", "1 MASTER", 0), ("0", "0 BACKUP", 0), ("0", "x", 0), ("1", "1", 0)),
        *(("1", "0 BACKUP", None), ("0", "1 MASTER", None), ("0", "", None), ("1", "", None), ("x", "x", None)),
    ],
)
def test_only_for_the_role_that_it_was_given_in(desk: Desk, role: str, content: str, status: int | None) -> None:
    desk.hold()
    desk.role.write_text(content)
    desk.last(verdict(role=f"{role} {desk.role}"))
    assert desk.run() == status


@pytest.mark.parametrize(
    "role", ["1 auto", "0 auto", "1 -", "0 -", "- auto", "- /etc/passwd", "0 /no/such/file", "0 /"]
)
def test_a_role_that_cannot_be_read_here(desk: Desk, role: str) -> None:
    desk.hold()
    desk.last(verdict(role=role))
    assert desk.run() is None


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.replace(" ok", ""),
        lambda line: line.replace(" ok", " ok more"),
        lambda line: line.replace(" ok", " no-answer"),
        lambda line: line.replace(" ok", " OK"),
        lambda line: line.replace(" 0 0 ", " 0 1 "),
        lambda line: line.replace(" 0 0 ", " 0 2 "),
        lambda line: line.replace(" 0 0 ", " 0 00 "),
        lambda line: line.replace(" 0 0 ", " 1 0 "),
        lambda line: line.replace(" raw ", " - "),
        lambda line: line.replace(" raw ", " * "),
        lambda line: line.rstrip("\n"),
        lambda line: f"-{line}",
        lambda line: f"0x{line}",
        lambda line: f"{'9' * 40}{line}",
        lambda line: f"$(exit 0){line}",
        lambda line: f"\0\n{line}",
        lambda line: "",
        lambda line: "\n",
        lambda line: "\xff" * 5000,
    ],
)
def test_anything_that_is_not_that_line_is_the_slow_path(desk: Desk, change: Callable[[str], str]) -> None:
    desk.hold()
    line = verdict()
    changed = change(line)
    assert changed != line
    for shell in SHELLS:
        desk.last(changed)
        assert desk.run(shell=shell) is None


@pytest.mark.parametrize("content", ["", "\n", "-1\n", "08x\n", "1 2\n", "9" * 40 + "\n", "$(exit)\n", "*\n"])
def test_a_hold_that_says_nothing(desk: Desk, content: str) -> None:
    desk.last(verdict())
    (desk.state / "hold").write_text(content)
    assert desk.run() is None


def test_neither_is_anything_but_a_file(desk: Desk) -> None:
    desk.hold()
    path = desk.last(verdict())
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))
    assert desk.run() is None
    path.unlink()
    os.mkfifo(path)
    assert desk.run() is None
    path.unlink()
    path.mkdir()
    assert desk.run() is None
    desk.hold()
    (desk.state / "hold").rename(desk.state / "held")
    os.mkfifo(desk.state / "hold")
    assert desk.run() is None


@pytest.mark.parametrize(
    "check",
    [
        *("../last/a/10.0.0.42", "a/../a/10.0.0.42", "a//10.0.0.42", "/a/10.0.0.42", "a/10.0.0.42/", "a/", "a", ""),
        *("a/10.0.0.*", ".a/10.0.0.42", "-a/10.0.0.42", "a/10.0.0.42\n", "a /10.0.0.42", "a/10.0.0.43"),
    ],
)
def test_only_ids_become_a_path(desk: Desk, check: str) -> None:
    desk.hold()
    for place in ("a", ".a", "-a", "a ", "a/..", ""):
        (desk.state / "last" / place).mkdir(parents=True, exist_ok=True)
        (desk.state / "last" / place / "10.0.0.42").write_text(verdict())
    assert desk.run("a/10.0.0.42") == 0
    assert desk.run(check) is None
