# SPDX-License-Identifier: GPL-2.0-or-later
"""What keepalived's FILE_CHECK is told: of verdicts only, on change only, and never by a file that goes away."""

from __future__ import annotations

import ctypes
import logging
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from lvs_rawcheck.daemon.health import DOWN, UNKNOWN, UP
from lvs_rawcheck.daemon.track_files import TrackFiles
from tests.daemon.full_disk import full_disk
from tests.daemon.known import CHECK, known

NAME = CHECK.replace("/", "@")
# inotify(7); what keepalived asks for (trackers/track_file.c)
IN_CLOSE_WRITE, IN_MOVED_FROM, IN_MOVED_TO, IN_DELETE = 0x8, 0x40, 0x80, 0x200
IN_NONBLOCK = os.O_NONBLOCK


class Watch:
    """What keepalived would see of the folder."""

    def __init__(self, folder: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = libc.inotify_init1(IN_NONBLOCK)
        asked = IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE
        assert libc.inotify_add_watch(self._descriptor, os.fsencode(folder), asked) >= 0

    def close(self) -> None:
        os.close(self._descriptor)

    def events(self) -> list[tuple[int, str]]:
        """Return what has happened since the last time: mask and name."""
        try:
            octets = os.read(self._descriptor, 1 << 20)
        except BlockingIOError:
            return []
        found = []
        while octets:
            _, mask, _, length = struct.unpack_from("iIII", octets)
            found.append((mask, octets[16 : 16 + length].rstrip(b"\0").decode()))
            octets = octets[16 + length :]
        return found


@pytest.fixture
def files(tmp_path: Path) -> Iterator[TrackFiles]:
    made = TrackFiles(str(tmp_path))
    yield made
    made.close()


@pytest.fixture
def watch(tmp_path: Path, files: TrackFiles) -> Iterator[Watch]:
    made = Watch(tmp_path / "track")
    yield made
    made.close()


def content(folder: Path, name: str = NAME) -> str | None:
    path = folder / "track" / name
    return path.read_text() if path.exists() else None


def test_one_digit(tmp_path: Path, files: TrackFiles) -> None:
    files.note(known())
    assert content(tmp_path) == "0\n"
    files.note(known(DOWN, "refused"))
    assert content(tmp_path) == "1\n"
    assert (tmp_path / "track" / NAME).stat().st_mode & 0o7777 == 0o644
    files.note(known(DOWN, "refused", check="web/2001:db8::42"))
    assert content(tmp_path, "web@2001:db8::42") == "1\n"


def test_nothing_before_the_first_verdict_and_nothing_new_without_one(tmp_path: Path, files: TrackFiles) -> None:
    files.note(known(UNKNOWN))
    assert content(tmp_path) is None
    files.note(known(DOWN, "refused"))
    files.note(known(UNKNOWN))
    assert content(tmp_path) == "1\n"


def test_keepalived_sees_one_rename_a_change_and_nothing_else(files: TrackFiles, watch: Watch) -> None:
    seen = []
    for state in (UP, UP, DOWN, DOWN, UNKNOWN, DOWN, UP):
        files.note(known(state, "ok" if state == UP else "refused"))
        seen.append(watch.events())  # the kernel makes one of those that follow each other and are the same
    renamed = [(IN_MOVED_TO, NAME)]
    assert seen == [renamed, [], renamed, [], [], [], renamed]


def test_a_restart_changes_nothing(tmp_path: Path, files: TrackFiles, watch: Watch) -> None:
    files.note(known())
    files.note(known(DOWN, "refused", check="b/10.0.0.1"))
    before = os.stat(tmp_path / "track").st_ino
    watch.events()
    again = TrackFiles(str(tmp_path))
    again.note(known(UNKNOWN))
    again.note(known())
    again.note(known(UP, check="b/10.0.0.1"))
    again.close()
    assert watch.events() == [(IN_MOVED_TO, "b@10.0.0.1")]
    assert os.stat(tmp_path / "track").st_ino == before


@pytest.mark.parametrize("there", ["", "2\n", "01\n", "-1\n", "\0", "\xff", "0x0\n"])
def test_what_else_is_there_is_replaced(tmp_path: Path, files: TrackFiles, there: str) -> None:
    (tmp_path / "track" / NAME).write_text(there)
    files.note(known())
    assert content(tmp_path) == "0\n"


def test_a_link_is_replaced_and_not_followed(tmp_path: Path, files: TrackFiles) -> None:
    target = tmp_path / "elsewhere"
    target.write_text("1\n")
    (tmp_path / "track" / NAME).symlink_to(target)
    files.note(known())
    assert content(tmp_path) == "0\n"
    assert not (tmp_path / "track" / NAME).is_symlink()
    assert target.read_text() == "1\n"


def test_all_of_them_again_for_another_keepalived(tmp_path: Path, files: TrackFiles, watch: Watch) -> None:
    names = [f"web@10.0.{number // 250}.{number % 250}" for number in range(500)]
    for name in names:
        files.note(known(check=name.replace("@", "/")))
    watch.events()
    for name in names:
        (tmp_path / "track" / name).write_text("1\n")  # `init_file 1 overwrite`
    watch.events()
    files.rewrite_all()
    calls = 1
    while files.rewrite_some():
        calls += 1
    assert calls == 10
    assert watch.events() == [(IN_MOVED_TO, name) for name in names]
    assert {content(tmp_path, name) for name in names} == {"0\n"}
    assert not files.rewrite_some()


def test_a_change_meanwhile_is_the_one_that_is_rewritten(tmp_path: Path, files: TrackFiles) -> None:
    files.note(known())
    files.rewrite_all()
    files.note(known(DOWN, "refused"))
    files.rewrite_some()
    assert content(tmp_path) == "1\n"


def test_files_of_checks_that_are_gone_stay_and_that_is_said(
    tmp_path: Path, files: TrackFiles, watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    files.note(known())
    files.note(known(DOWN, "refused", check="b/10.0.0.1"))
    files.keep_only([CHECK, "b/10.0.0.1"])
    assert caplog.records == []
    watch.events()
    files.rewrite_all()
    files.keep_only([CHECK])
    assert len(caplog.records) == 1
    assert "b@10.0.0.1" in caplog.text
    while files.rewrite_some():
        pass
    assert watch.events() == [(IN_MOVED_TO, NAME)]
    assert content(tmp_path, "b@10.0.0.1") == "1\n"


def test_what_a_killed_daemon_left_half_written_goes(tmp_path: Path, files: TrackFiles) -> None:
    (tmp_path / "daemon" / f".{NAME}.4711").write_text("1")
    (tmp_path / "daemon" / "alive").write_text("1 64\n")
    TrackFiles(str(tmp_path)).close()
    assert [path.name for path in (tmp_path / "daemon").iterdir()] == ["alive"]


@pytest.mark.parametrize("folder", ["track", "daemon"])
def test_a_folder_that_is_a_link_is_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / folder).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotADirectoryError):
        TrackFiles(str(tmp_path))


def test_a_folder_that_is_gone_is_said_once_and_not_made_anew(
    tmp_path: Path, files: TrackFiles, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "track").rmdir()
    for state in (UP, DOWN, UP, DOWN):
        files.note(known(state))
        files.note(known(state, check="b/10.0.0.1"))
    assert not (tmp_path / "track").exists()
    assert len(caplog.records) == 1
    assert list((tmp_path / "daemon").iterdir()) == []


@pytest.mark.netns
def test_a_full_disk(caplog: pytest.LogCaptureFixture) -> None:
    """A server that goes down is told all the same; one that is new is told when there is room, and it is said."""
    caplog.set_level(logging.WARNING)
    with full_disk() as disk:
        state_dir = disk.folder / "state"
        files = TrackFiles(str(state_dir))
        files.note(known())
        disk.fill()
        watch = Watch(state_dir / "track")
        files.note(known(DOWN, "refused"))
        assert content(state_dir) == "1\n"
        assert watch.events() == [(IN_CLOSE_WRITE, NAME)]
        watch.close()
        assert caplog.records == []
        new = known(DOWN, "refused", check="b/10.0.0.1")
        files.note(new)
        files.note(new)
        assert content(state_dir, "b@10.0.0.1") is None
        assert len(caplog.records) == 1
        disk.make_room()
        files.note(new)
        assert content(state_dir, "b@10.0.0.1") == "1\n"
        assert len(caplog.records) == 2
        files.close()


def test_what_somebody_else_removed_is_written_again(tmp_path: Path, files: TrackFiles, watch: Watch) -> None:
    files.note(known(DOWN, "refused"))
    files.note(known(check="web/10.0.0.43"))
    watch.events()
    files.restore()
    assert watch.events() == [], "nothing is missing"
    (tmp_path / "track" / NAME).unlink()
    assert watch.events() == [(IN_DELETE, NAME)], "which keepalived reads as up"
    files.restore()
    assert watch.events() == [(IN_MOVED_TO, NAME)]
    assert content(tmp_path) == "1\n"


def test_what_is_of_no_check_any_more_may_be_removed(tmp_path: Path, files: TrackFiles) -> None:
    files.note(known(DOWN, "refused"))
    files.keep_only([])
    (tmp_path / "track" / NAME).unlink()
    files.restore()
    assert content(tmp_path) is None


@pytest.mark.parametrize("replaced", [False, True])
def test_a_folder_that_is_gone_as_a_whole_is_said_once(
    tmp_path: Path, files: TrackFiles, caplog: pytest.LogCaptureFixture, replaced: bool
) -> None:
    files.note(known(DOWN, "refused"))
    (tmp_path / "track").rename(tmp_path / "aside")
    if replaced:
        (tmp_path / "track").mkdir(mode=0o755)
    for _ in range(3):
        files.restore()
    assert [record.getMessage().count("removed or replaced") for record in caplog.records] == [1]
    assert content(tmp_path) is None, "keepalived watches the one before"
