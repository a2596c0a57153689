# SPDX-License-Identifier: GPL-2.0-or-later
"""While the package is upgraded, `verdict` gives the last verdict again: only a fresh, whole one of the same role."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.templates.verdict_desk import CHECK, SHELLS, Desk, fresh, verdict


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


def test_the_later_of_the_daemons_verdict_and_a_checks(desk: Desk) -> None:
    desk.hold()
    desk.fresh(fresh(status=1, age=40))
    assert desk.run() == 1
    desk.last(verdict(status=0, age=30))
    assert desk.run() == 0
    desk.last(verdict(status=0, age=50))
    assert desk.run() == 1


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
