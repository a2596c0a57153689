# SPDX-License-Identifier: GPL-2.0-or-later
"""An upgrade under way, a file damaged or gone: a sentence and exit 1, or the standard check, never a traceback."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.commands import ERROR, LAUNCHER, Desk
from tests.cli.site import CLOSED_PORT, PORT, REAL_IP, VIP, Site

pytestmark = pytest.mark.netns

PACKAGE = LAUNCHER.parents[1]
NEEDED = ["cli/main.py", "cli/exit_status.py", "cli/output.py", "errors.py", "director/system_log.py", "__init__.py"]
NEEDED_LATER = ["cli/check.py", "checks/runner.py", "checks/request.py", "wire/address.py", "director/change_log.py"]
OF_THE_RAW_CHECK = ["raw", "driver", "flow", "steering", "reply_mac"]
BELOW_THE_RAW_CHECK = [
    *("checks/path.py", "link/bpf.py", "link/guard.py", "link/packet.py", "link/rtnetlink.py"),
    *("tcp/connection.py", "wire/template.py"),
]


@pytest.fixture
def copied(desk: Desk) -> Path:
    """A copy of the program, which the desk's commands run from then on."""
    copy = desk.folder / "copy" / PACKAGE.name
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("lvs-rawcheck", "check_tcp_raw"):
        (desk.folder / name).unlink()
        (desk.folder / name).symlink_to(copy / "cli" / "launcher.py")
    return copy


def test_the_copy_is_whole(desk: Desk, copied: Path, site: Site) -> None:
    assert desk.check(site.director, REAL_IP, VIP, PORT).status == 0


@pytest.mark.parametrize("program", ["lvs-rawcheck", "check_tcp_raw"])
@pytest.mark.parametrize("damage", ["missing", "syntax", "octets"])
def test_a_program_that_cannot_even_begin(desk: Desk, copied: Path, damage: str, program: str) -> None:
    main = copied / "cli" / "main.py"
    if damage == "missing":
        main.unlink()
    else:
        main.write_bytes(b"def main(:\n" if damage == "syntax" else b"\xff\xfe\0")
    child = desk.start(None, program, "--help")
    stdout, stderr = child.communicate(timeout=10)
    assert (child.returncode, stdout) == (1, "")
    assert stderr.startswith("lvs-rawcheck: cannot-judge: the program is not whole: ")
    assert len(stderr.splitlines()) == 1
    assert desk.raw_log_line() == f"<27>{stderr}".encode()


@pytest.mark.parametrize("streams", [">&- 2>&-", ">/dev/full 2>/dev/full"])
def test_it_is_exit_status_1_whoever_listens(desk: Desk, copied: Path, streams: str) -> None:
    (copied / "cli" / "main.py").unlink()
    (desk.folder / "log").unlink()
    desk.become = ("sh", "-c", f'exec "$@" {streams}', "sh")
    assert desk.start(None, "lvs-rawcheck", "--help").wait(10) == 1


@pytest.mark.parametrize("name", NEEDED + NEEDED_LATER)
def test_without_what_every_check_needs(desk: Desk, copied: Path, site: Site, name: str) -> None:
    (copied / name).write_text("raise RuntimeError('half\\nwritten')\n")
    child = desk.start(site.director, "lvs-rawcheck", "check", "tcp", *desk.own_folders(), REAL_IP, VIP, PORT)
    stdout, stderr = child.communicate(timeout=10)
    assert (child.returncode, stdout) == (1, "")
    assert stderr.startswith("lvs-rawcheck: cannot-judge: ")
    assert len(stderr.splitlines()) == 1
    assert b"cannot-judge: " in desk.raw_log_line()


@pytest.mark.parametrize("name", [*(f"checks/{name}.py" for name in OF_THE_RAW_CHECK), *BELOW_THE_RAW_CHECK])
def test_without_the_raw_check_the_standard_one_is_made(desk: Desk, copied: Path, site: Site, name: str) -> None:
    (copied / name).unlink()
    for port, status in ((PORT, 0), (CLOSED_PORT, 1)):
        outcome = desk.check(site.director, "--on-cannot-judge", "standard", "--json", REAL_IP, VIP, port)
        assert (outcome.status, outcome.json["path"], outcome.json["degraded"]) == (status, "standard", True)
        assert outcome.log[0].severity == ERROR
        assert "raw check not possible, standard check instead: internal error: " in outcome.log[0].text
    outcome = desk.check(site.director, REAL_IP, VIP, PORT)
    assert outcome.status == 1
    assert "cannot-judge: internal error: " in outcome.log[-1].text
