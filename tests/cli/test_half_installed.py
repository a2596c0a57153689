# SPDX-License-Identifier: GPL-2.0-or-later
"""An upgrade under way, a file damaged or gone: a sentence and exit 1, or the standard check, never a traceback."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from lvs_rawcheck.clock import uptime
from tests.cli.commands import ERROR, LAUNCHER, Desk
from tests.cli.registry_desk import CHECK, register, run, said, service
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


# A check of the registry, by a program that is broken: every server's is, so none of them may leave for it.


class Broken(NamedTuple):
    """How a program that is broken ended."""

    status: int
    stderr: str


def broken_run(desk: Desk, site: Site, *words: str) -> Broken:
    child = desk.start(site.director, "lvs-rawcheck", "run", *desk.own_folders(), *words, "--", CHECK)
    stdout, stderr = child.communicate(timeout=10)
    assert stdout == ""
    assert stderr.startswith("lvs-rawcheck: cannot-judge: ")
    assert len(stderr.splitlines()) == 1
    assert desk.raw_log_line().startswith(b"<27>")
    return Broken(child.returncode, stderr)


def last_verdict(desk: Desk, status: int, age: int, folder: str = "last", role: str = "- -") -> None:
    place = desk.state / folder / "web"
    place.mkdir(parents=True, exist_ok=True)
    reason = "refused" if status else "ok"
    (place / REAL_IP).write_text(f"{int(uptime()) - age} 0 {status} raw {role} {reason}\n")


@pytest.mark.parametrize("name", [*NEEDED[:3], "cli/run.py", "registry/read.py", *NEEDED_LATER[2:]])
def test_the_last_verdict_of_a_check_stands(desk: Desk, copied: Path, site: Site, name: str) -> None:
    register(desk, service(endpoints=[f"{VIP}:{CLOSED_PORT}"]))
    (copied / name).write_text("raise RuntimeError('half\\nwritten')\n")
    last_verdict(desk, 0, 590)
    outcome = broken_run(desk, site)
    assert (outcome.status, "RuntimeError" in outcome.stderr) == (0, True)
    assert "s ago stands" in outcome.stderr
    last_verdict(desk, 1, 3, "verdict")  # of the daemon, and younger
    assert broken_run(desk, site).status == 1


def test_without_a_verdict_the_kernel_connects(desk: Desk, copied: Path, site: Site) -> None:
    (copied / "registry" / "read.py").write_text("raise MemoryError\n")
    for port, status in ((PORT, 0), (CLOSED_PORT, 1)):
        register(desk, service(endpoints=[f"{VIP}:{port}"]))
        assert broken_run(desk, site).status == status
        last_verdict(desk, 1 - status, 601)  # too old to stand
        assert broken_run(desk, site).status == status
    register(desk, service(endpoints=[f"{VIP}:{CLOSED_PORT}"], server=f"port = {PORT}"))
    assert "accepts connections" in broken_run(desk, site).stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (service('on_cannot_judge = "down"'), ()),
        (service('protocol = "udp"'), ()),
        ("endpoint = [\n", ()),
        (service(address="10.0.0.43"), ()),
        (service(), ("--services", "/nowhere")),
        (service(), ("--services",)),
    ],
    ids=["who wants it down", "UDP", "a broken file", "another server", "no registry", "a slip"],
)
def test_what_nothing_is_known_of_is_down(
    desk: Desk, copied: Path, site: Site, text: str, words: tuple[str, ...]
) -> None:
    (copied / "registry" / "read.py").unlink()
    register(desk, text)
    assert broken_run(desk, site, *words).status == 1


@pytest.mark.parametrize(
    "text",
    [
        service(address="10.0.0.43"),
        service('on_cannot_judge = "down"', endpoints=[VIP], check='kind = "ping"'),
        service('on_cannot_judge = "down"') + "# and much more\n" * 100_000,
    ],
    ids=["another server", "who wants it down, without a port", "who wants it down, in a large file"],
)
def test_a_verdict_does_not_stand_against_the_registry(desk: Desk, copied: Path, site: Site, text: str) -> None:
    (copied / "registry" / "read.py").unlink()
    register(desk, text)
    last_verdict(desk, 0, 3)
    assert broken_run(desk, site).status == 1


def test_of_two_verdicts_that_are_as_old_that_of_a_check_counts(desk: Desk, copied: Path, site: Site) -> None:
    (copied / "registry" / "read.py").unlink()
    register(desk, service())
    last_verdict(desk, 0, 3, "verdict")
    last_verdict(desk, 1, 3)
    assert broken_run(desk, site).status == 1


def test_a_verdict_of_another_role_does_not_stand(desk: Desk, copied: Path, site: Site) -> None:
    role_file = desk.file("role", "1\n")
    register(desk, service(endpoints=[f"{VIP}:{CLOSED_PORT}"]))
    (copied / "cli" / "run.py").unlink()
    last_verdict(desk, 0, 3, role=f"1 {role_file}")
    assert broken_run(desk, site).status == 0
    role_file.write_text("0\n")
    assert broken_run(desk, site).status == 1
    last_verdict(desk, 0, 3, role=f"0 {role_file}")
    assert broken_run(desk, site).status == 0
    role_file.unlink()
    assert broken_run(desk, site).status == 1


@pytest.mark.parametrize(
    "line", ["", "0 0 0 raw - - ok", "x 0 0 raw - - ok", "\xff", "1 2 3", "9" * 5000, "{now} 0 0 - - - ok"]
)
def test_a_line_that_is_no_verdict_does_not_stand(desk: Desk, copied: Path, site: Site, line: str) -> None:
    register(desk, service(endpoints=[f"{VIP}:{CLOSED_PORT}"]))
    (copied / "cli" / "run.py").unlink()
    last_verdict(desk, 0, 0)
    (desk.state / "last" / "web" / REAL_IP).write_bytes(line.format(now=int(uptime())).encode("latin-1"))
    assert broken_run(desk, site).status == 1


def test_a_kind_that_cannot_be_loaded_takes_no_server_down(desk: Desk, copied: Path, site: Site) -> None:
    register(desk, service(check='kind = "http"'))
    (copied / "checks" / "http" / "kind.py").unlink()
    outcome = broken_run(desk, site)
    assert (outcome.status, "needs a library that is not installed" in outcome.stderr) == (0, True)


def test_the_copy_runs_checks_of_the_registry(desk: Desk, copied: Path, site: Site) -> None:
    register(desk, service())
    last_verdict(desk, 1, 3)
    assert said(run(desk, site.director)) == (0, "ok", "raw")
