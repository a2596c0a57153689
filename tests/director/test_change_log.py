# SPDX-License-Identifier: GPL-2.0-or-later
"""One line to syslog when a verdict changes, and what can go wrong with the stamp that remembers it."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lvs_rawcheck import clock
from lvs_rawcheck.director.change_log import REPEAT_SECONDS
from tests.cli.commands import NOBODY, NOTICE, WARNING, Desk, Outcome
from tests.cli.site import CLOSED_PORT, PORT, REAL_IP, VIP, Site
from tests.netns.services import TcpServer, tcp_server

pytestmark = pytest.mark.netns

OWN_PORT = "2600"  # served by the test, when it wants to
DOWN = f"{VIP}:{OWN_PORT} via {REAL_IP} down: refused: "
UP = f"{VIP}:{OWN_PORT} via {REAL_IP} up: "


class Service:
    """A service of the site's that comes and goes, and a check of it that remembers."""

    def __init__(self, desk: Desk, site: Site) -> None:
        self.desk = desk
        self.site = site
        self._server: TcpServer | None = None

    def start(self) -> None:
        self._server = tcp_server(self.site.server, VIP, int(OWN_PORT))

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    def check(self) -> Outcome:
        return self.desk.check(self.site.director, REAL_IP, VIP, OWN_PORT)

    def said(self) -> list[str]:
        """Return what one run logs, without the detail."""
        return [" ".join(line.text.split()[3:4]).rstrip(":") for line in self.check().log]

    @property
    def stamp(self) -> Path:
        (only,) = (self.desk.state / "logged").iterdir()
        return only


@pytest.fixture
def service(desk: Desk, site: Site) -> Iterator[Service]:
    made = Service(desk, site)
    yield made
    made.stop()


def test_a_line_for_each_change_and_none_between(service: Service) -> None:
    service.start()
    assert service.said() == []  # the first time, and well
    assert service.said() == []
    service.stop()
    down = service.check().log
    assert [line.severity for line in down] == [WARNING]
    assert down[0].text.startswith(DOWN)
    assert service.said() == []
    service.start()
    up = service.check().log
    assert [line.severity for line in up] == [NOTICE]
    assert up[0].text.startswith(UP)
    assert service.said() == []


def test_down_from_the_start_is_said(service: Service) -> None:
    assert service.said() == ["down"]
    assert service.said() == []


@pytest.mark.parametrize(
    ("age", "said"), [(REPEAT_SECONDS + 2, ["down"]), (REPEAT_SECONDS - 60, []), (-5000, ["down"])]
)
def test_what_is_still_wrong_is_said_again_after_ten_minutes(service: Service, age: float, said: list[str]) -> None:
    """age: of the last words, in seconds; below 0, they were said in an earlier boot."""
    service.check()
    when, _, state = service.stamp.read_text().partition(" ")
    assert abs(float(when) - clock.now()) < 60
    service.stamp.write_text(f"{int(clock.now() - age)} {state}")
    assert service.said() == said
    assert service.said() == []


def test_what_is_well_is_not_said_again(service: Service) -> None:
    service.start()
    service.check()
    state = service.stamp.read_text().partition(" ")[2]
    service.stamp.write_text(f"1 {state}")
    assert service.said() == []


def test_another_reason_is_a_change(service: Service) -> None:
    service.check()
    service.stamp.write_text(f"{int(clock.now())} no-answer\n")
    assert service.said() == ["down"]


def test_each_command_line_has_its_own_memory(desk: Desk, site: Site) -> None:
    words = (REAL_IP, VIP, CLOSED_PORT)
    assert len(desk.check(site.director, *words).log) == 1
    assert len(desk.check(site.director, "-t", "1.5", *words).log) == 1
    assert len(desk.drop_in(site.director, "eth0", *words).log) == 1
    assert desk.check(site.director, *words).log == []


def test_several_vips_are_said_together(desk: Desk, site: Site) -> None:
    outcome = desk.check(site.director, REAL_IP, f"{VIP}:{PORT},{VIP}:{CLOSED_PORT}")
    assert outcome.status == 1
    assert [(line.severity, line.text.split(" via ")[0]) for line in outcome.log] == [
        (NOTICE, f"{VIP}:{PORT}"),
        (WARNING, f"{VIP}:{CLOSED_PORT}"),
    ]


# Stamps that somebody else put there: they make a check louder, and change nothing.


def hostile_symlink(stamp: Path) -> None:
    target = stamp.parent.parent / "target"
    target.write_text("precious")
    stamp.symlink_to(target)


def hostile_folder_link(stamp: Path) -> None:
    stamp.parent.rmdir()
    elsewhere = stamp.parent.parent / "elsewhere"
    elsewhere.mkdir()
    stamp.parent.symlink_to(elsewhere)


def hostile_state_link(stamp: Path) -> None:
    state = stamp.parent.parent
    state.rename(state.with_name("elsewhere"))
    state.symlink_to("elsewhere")


def hostile_second_name(stamp: Path) -> None:
    precious = stamp.parent.parent / "precious"
    precious.write_text("precious")
    os.link(precious, stamp)


def hostile_file_of_another(stamp: Path) -> None:
    stamp.write_text("1 refused\n")
    os.chown(stamp, 65534, 65534)


def hostile_file_for_all(stamp: Path) -> None:
    stamp.touch()
    stamp.chmod(0o666)


HOSTILE: dict[str, Callable[[Path], object]] = {
    "symbolic link": hostile_symlink,
    "folder is a link": hostile_folder_link,
    "state is a link": hostile_state_link,
    "second name": hostile_second_name,
    "file of another": hostile_file_of_another,
    "file for all": hostile_file_for_all,
    "folder of another": lambda stamp: os.chown(stamp.parent, 65534, 65534),
    "folder for the group": lambda stamp: stamp.parent.chmod(0o775),
    "folder for all": lambda stamp: stamp.parent.chmod(0o1777),
    "state of another": lambda stamp: os.chown(stamp.parent.parent, 65534, 65534),
    "state for all": lambda stamp: stamp.parent.parent.chmod(0o1777),
    "directory": lambda stamp: stamp.mkdir(),
    "FIFO": lambda stamp: os.mkfifo(stamp),
    "garbage": lambda stamp: stamp.write_bytes(bytes(range(256))),
    "empty": lambda stamp: stamp.touch(),
    "huge": lambda stamp: stamp.write_bytes(b"9" * 10_000_000),
    "not a number": lambda stamp: stamp.write_text("nan refused\n"),
    "infinite": lambda stamp: stamp.write_text("inf refused\n"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_stamp_changes_no_verdict(desk: Desk, site: Site, name: str) -> None:
    words = (REAL_IP, VIP, CLOSED_PORT)
    desk.check(site.director, *words)
    (stamp,) = (desk.state / "logged").iterdir()
    stamp.unlink()
    HOSTILE[name](stamp)
    outcome = desk.check(site.director, *words)
    assert (outcome.status, outcome.stderr, len(outcome.log)) == (1, "", 1)
    assert outcome.seconds < 1.5
    if name == "symbolic link":
        assert stamp.resolve().read_text() == "precious"
    if name == "folder is a link":
        assert list(stamp.parent.iterdir()) == []


# In these root keeps nothing: somebody else could have arranged them, or could do it now.
REFUSED = [
    *("symbolic link", "folder is a link", "state is a link", "second name", "file of another", "file for all"),
    *("folder of another", "folder for the group", "folder for all", "state of another", "state for all", "FIFO"),
]


@pytest.mark.parametrize("name", REFUSED)
def test_a_place_of_somebody_elses_is_not_written_to(desk: Desk, site: Site, name: str) -> None:
    words = (REAL_IP, VIP, CLOSED_PORT)
    desk.check(site.director, *words)
    (stamp,) = (desk.state / "logged").iterdir()
    stamp.unlink()
    HOSTILE[name](stamp)
    before = everything_below(desk.folder)
    for _ in range(2):
        assert len(desk.check(site.director, *words).log) == 1
    assert everything_below(desk.folder) == before


def test_a_link_is_not_followed_for_a_slash_either(desk: Desk, site: Site) -> None:
    (desk.folder / "elsewhere").mkdir()
    desk.state.symlink_to("elsewhere")
    desk.check(site.director, "--state", f"{desk.state}/", REAL_IP, VIP, CLOSED_PORT)
    assert list((desk.folder / "elsewhere").iterdir()) == []


def everything_below(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return modes and sizes; sizes of folders, which a dead name may change, left out."""
    found = [(path, path.lstat()) for path in folder.rglob("*") if path.name != "log"]
    return {path: (info.st_mode, 0 if stat.S_ISDIR(info.st_mode) else info.st_size) for path, info in found}


def test_a_huge_stamp_is_cut(desk: Desk, site: Site) -> None:
    words = (REAL_IP, VIP, CLOSED_PORT)
    desk.check(site.director, *words)
    (stamp,) = (desk.state / "logged").iterdir()
    stamp.write_bytes(b"9" * 1_000_000)
    desk.check(site.director, *words)
    assert stamp.stat().st_size < 100


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o177])
def test_a_umask_locks_nobody_out(desk: Desk, site: Site, umask: int) -> None:
    """keepalived's scripts inherit its umask, 0177 by default."""
    before = os.umask(umask)
    try:
        outcome = desk.check(site.director, REAL_IP, VIP, PORT)
    finally:
        os.umask(before)
    assert (outcome.status, outcome.log) == (0, [])
    for folder in (desk.state, desk.state / "logged"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    (stamp,) = (desk.state / "logged").iterdir()
    assert stat.S_IMODE(stamp.stat().st_mode) & 0o600 == 0o600
    assert stat.S_IMODE(stamp.stat().st_mode) & 0o022 == 0
    assert desk.check(site.director, REAL_IP, VIP, PORT).log == []


def test_without_root_nothing_is_made_and_what_is_wrong_is_said_each_time(desk: Desk, site: Site) -> None:
    desk.become = NOBODY
    desk.state.mkdir()
    desk.state.chmod(0o777)
    for _ in range(2):
        outcome = desk.check(site.director, REAL_IP, VIP, CLOSED_PORT)
        assert (outcome.status, len(outcome.log)) == (1, 1)
    assert list(desk.state.iterdir()) == []


@pytest.mark.parametrize("place", ["/proc/rawcheck", "/dev/null", "", "x" * 5000])
def test_no_place_to_remember(desk: Desk, site: Site, place: str) -> None:
    for _ in range(2):
        outcome = desk.check(site.director, "--state", place, REAL_IP, VIP, CLOSED_PORT)
        assert (outcome.status, outcome.stderr, len(outcome.log)) == (1, "", 1)
    assert desk.check(site.director, "--state", place, REAL_IP, VIP, PORT).status == 0


def test_a_log_that_is_not_there(desk: Desk, site: Site) -> None:
    (desk.folder / "log").unlink()
    outcome = desk.check(site.director, REAL_IP, VIP, CLOSED_PORT)
    assert (outcome.status, outcome.stderr) == (1, "")


def fill_log(desk: Desk) -> int:
    """Send to the log until its queue is full, as if the logger had stopped reading; return how many lines fitted."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        for count in range(100_000):
            try:
                sender.sendto(b"noise", str(desk.folder / "log"))
            except BlockingIOError:
                return count
    raise AssertionError("the queue has no end")


def test_a_logger_that_hangs_is_not_waited_for_and_told_later(desk: Desk, site: Site) -> None:
    noise = fill_log(desk)
    words = (REAL_IP, VIP, CLOSED_PORT)
    child = desk.start(site.director, "lvs-rawcheck", "check", "tcp", *desk.own_folders(), *words)
    stdout, _ = child.communicate(timeout=5.0)
    assert child.returncode == 1
    assert "down: refused" in stdout
    assert [desk.raw_log_line() for _ in range(noise)] == [b"noise"] * noise
    assert len(desk.check(site.director, *words).log) == 1  # nobody had heard it
    assert desk.check(site.director, *words).log == []
