# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon's verdict, read by the shell alone: while it is fresh, of this role, whole; without a process more."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lvs_rawcheck.daemon.health import DOWN, UP
from lvs_rawcheck.daemon.state import CheckState
from lvs_rawcheck.daemon.verdict_files import VerdictFiles
from lvs_rawcheck.director.role import MASTER
from tests.templates.verdict_desk import CHECK, SHELLS, Desk, fresh

NOBODY = 65534


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("status", [0, 1])
@pytest.mark.parametrize("check", [CHECK, "tcp-2001-db8--1-80/2001:db8::42"])
def test_the_daemons_verdict(desk: Desk, shell: str, status: int, check: str) -> None:
    assert desk.run(check, shell) is None
    desk.fresh(fresh(status), check)
    assert desk.run(check, shell) == status


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("state", [UP, DOWN])
def test_as_the_daemon_writes_it(desk: Desk, shell: str, state: str) -> None:
    service, real_server = CHECK.split("/")
    known = CheckState(service, real_server, 1.0, str(desk.role))
    known.state, known.path, known.role, known.judged_at = state, "raw", MASTER, 1.0
    known.reason = "ok" if state == UP else "no-answer"
    files = VerdictFiles(str(desk.state))
    files.note(known, 1.0)
    files.close()
    desk.role.write_text("1 MASTER\n")
    assert desk.run(shell=shell) == (0 if state == UP else 1)
    desk.role.write_text("0 BACKUP\n")
    assert desk.run(shell=shell) is None


@pytest.mark.parametrize(
    ("age", "life", "status"),
    [(0, 15, 0), (13, 15, 0), (16, 15, None), (5000, 15, None), (-10, 30, None), (5, 259200, 0), (5, 259201, None)],
)
def test_only_while_it_is_fresh(desk: Desk, age: int, life: int, status: int | None) -> None:
    desk.fresh(fresh(age=age, life=life))
    assert desk.run() == status


@pytest.mark.parametrize(
    ("role", "content", "status"),
    [
        *(("1", "1 MASTER", 0), ("0", "0 BACKUP", 0), ("0", "x", 0), ("1", "1", 0)),
        *(("1", "0 BACKUP", None), ("0", "1 MASTER", None), ("0", "", None), ("1", "", None), ("-", "1", None)),
    ],
)
def test_only_for_the_role_that_it_was_given_in(desk: Desk, role: str, content: str, status: int | None) -> None:
    desk.role.write_text(content)
    desk.fresh(fresh(role=f"{role} {desk.role}"))
    assert desk.run() == status


@pytest.mark.parametrize("role", ["1 auto", "0 auto", "- auto", "- -"])
def test_what_the_daemon_alone_can_know_it_is_believed(desk: Desk, role: str) -> None:
    desk.fresh(fresh(role=role))
    assert desk.run() == 0


@pytest.mark.parametrize(
    "role", ["1 -", "0 -", "- /etc/passwd", "0 /no/such/file", "0 /", "2 auto", "1 role", "1 autos"]
)
def test_a_role_that_says_nothing(desk: Desk, role: str) -> None:
    desk.fresh(fresh(role=role))
    assert desk.run() is None


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.replace(" ok", ""),
        lambda line: line.replace(" ok", " ok more"),
        lambda line: line.replace(" ok", " no-answer"),
        lambda line: line.replace(" ok", " OK"),
        lambda line: line.replace(" ok", " o\\k"),
        lambda line: line.replace(" 0 ", " 1 "),
        lambda line: line.replace(" 0 ", " 2 "),
        lambda line: line.replace(" 0 ", " 00 "),
        lambda line: line.replace(" 0 ", " 0$(id) "),
        lambda line: line.replace(" 0 raw - - ok", " 1a raw - - b"),
        lambda line: line.replace(" raw ", " - "),
        lambda line: line.replace(" raw ", " * "),
        lambda line: line.replace(" ", "\t\t", 1).replace(" ", "", 1),
        lambda line: line.rstrip("\n"),
        lambda line: f"0{line}",
        lambda line: f"08 {line.split(' ', 1)[1]}",
        lambda line: f"-{line}",
        lambda line: f"0x{line}",
        lambda line: f"{'9' * 40}{line}",
        lambda line: f"a[$(id)] {line.split(' ', 1)[1]}",
        lambda line: f"$(exit 0){line}",
        lambda line: f"\0\n{line}",
        lambda line: f"\n{line}",
        lambda line: "",
        lambda line: "\n",
        lambda line: "0 0 0\n",
        lambda line: "\xff" * 5000,
        lambda line: "0 " * 5000 + "\n",
    ],
)
def test_anything_that_is_not_that_line_is_the_slow_path(desk: Desk, change: Callable[[str], str]) -> None:
    line = fresh()
    changed = change(line)
    assert changed != line
    for shell in SHELLS:
        desk.fresh(changed)
        assert desk.run(shell=shell) is None, shell


def test_it_is_a_file_and_nothing_else(desk: Desk) -> None:
    path = desk.fresh(fresh())
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))
    assert desk.run() is None
    path.unlink()
    os.mkfifo(path)
    assert desk.run() is None
    path.unlink()
    path.mkdir()
    assert desk.run() is None


@pytest.mark.parametrize(
    "check",
    [
        *("../verdict/a/10.0.0.42", "a/../a/10.0.0.42", "a//10.0.0.42", "/a/10.0.0.42", "a/10.0.0.42/", "a/", "a", ""),
        *("a/10.0.0.*", ".a/10.0.0.42", "-a/10.0.0.42", "a/10.0.0.42\n", "a /10.0.0.42", "a/10.0.0.43"),
    ],
)
def test_only_ids_become_a_path(desk: Desk, check: str) -> None:
    for place in ("a", ".a", "-a", "a "):
        desk.fresh(fresh(), f"{place}/10.0.0.42")
    assert desk.run("a/10.0.0.42") == 0
    assert desk.run(check) is None


# No process more ---------------------------------------------------------------------------------------------------


@pytest.fixture
def open_desk() -> Iterator[Desk]:
    """Return one in a folder that everybody may look into."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield Desk(folder)


def without_fork(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command as nobody, who may have no process more than that one (setrlimit(2), RLIMIT_NPROC)."""

    def become_nobody() -> None:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))

    return subprocess.run(
        command, preexec_fn=become_nobody, capture_output=True, text=True, check=False, timeout=20, env={"PATH": "/"}
    )


@pytest.mark.netns
@pytest.mark.parametrize("shell", SHELLS)
def test_no_process_is_forked(open_desk: Desk, shell: str) -> None:
    program = shutil.which(shell)
    assert program is not None
    start = [program, "sh"] if shell == "busybox" else [program]
    refused = without_fork(["/bin/dash", "-c", "/bin/cat /dev/null; :"])  # bash would try for 15 s
    assert refused.stderr, "a fork is not refused here: nothing would be shown"
    open_desk.role.write_text("1 MASTER\n")
    open_desk.fresh(fresh(role=f"1 {open_desk.role}"))
    done = without_fork([*start, str(open_desk.script), CHECK])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    open_desk.fresh(fresh(status=1, role=f"1 {open_desk.role}"))
    done = without_fork([*start, str(open_desk.script), CHECK])
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
