# SPDX-License-Identifier: GPL-2.0-or-later
"""The file is there whole or not at all, whoever dies, and whoever we have become meanwhile."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from lvs_rawcheck.diagnose.capture_file import CaptureFile
from lvs_rawcheck.errors import UsageError
from tests.netns.topology import wait_until

OCTETS = bytes(range(256)) * 20_000  # more than a pipe holds
NOBODY = 65534


def in_a_child(action: Callable[[], None]) -> int:
    """Run an action in a forked process; return how that ended, as os.waitstatus_to_exitcode."""
    child = os.fork()
    if child == 0:
        try:
            action()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_it_appears_whole_and_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    file = CaptureFile(str(path))
    assert not path.exists()
    file.save(OCTETS)
    assert path.read_bytes() == OCTETS
    assert os.listdir(tmp_path) == ["x.pcap"]


def test_a_file_that_was_there_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(b"old")
    CaptureFile(str(path)).abandon()
    assert path.read_bytes() == b"old"
    file = CaptureFile(str(path))
    assert path.read_bytes() == b"old"
    file.save(OCTETS)
    assert path.read_bytes() == OCTETS


def test_nothing_is_left_when_we_are_killed(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"

    def die() -> None:
        CaptureFile(str(path))
        os.kill(os.getpid(), signal.SIGKILL)

    assert in_a_child(die) == -signal.SIGKILL
    wait_until(lambda: os.listdir(tmp_path) == [], "the writer tidied up")


def test_nothing_is_left_when_we_die_in_the_middle_of_it(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"

    def die() -> None:
        file = CaptureFile(str(path))
        os.write(file._pipe, len(OCTETS).to_bytes(8, "big") + OCTETS[:1000])
        os.kill(os.getpid(), signal.SIGKILL)

    assert in_a_child(die) == -signal.SIGKILL
    wait_until(lambda: os.listdir(tmp_path) == [], "the writer tidied up")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it gives root up")
def test_it_lies_where_root_wanted_it_though_we_are_no_longer_root(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    tmp_path.chmod(0o700)

    def save() -> None:
        file = CaptureFile(str(path))
        os.setresuid(NOBODY, NOBODY, NOBODY)
        file.save(OCTETS)

    assert in_a_child(save) == 0
    assert path.read_bytes() == OCTETS
    assert path.stat().st_uid == 0


@pytest.mark.parametrize("name", ["", "missing/x.pcap", "folder", "folder/", "with\0nul", "x" * 300])
def test_what_cannot_be_a_file_is_refused_at_once(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="cannot write"):
        CaptureFile(f"{tmp_path}/{name}" if name else "")
    assert os.listdir(tmp_path) == ["folder"]


def test_a_device_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    """As root, over /dev/null, that would be a disaster; a FIFO is as little a file."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="not the path of a file"):
        CaptureFile(str(tmp_path / "pipe"))
    assert (tmp_path / "pipe").is_fifo()
    assert os.listdir(tmp_path) == ["pipe"]


def test_a_folder_that_went_away_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    file = CaptureFile(str(folder / "x.pcap"))
    for entry in folder.iterdir():
        entry.unlink()
    folder.rmdir()
    with pytest.raises(UsageError, match="No such file"):
        file.save(OCTETS)


def test_a_full_disk_is_told_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(b"old")
    pipe_reader, pipe_writer = os.pipe()

    def save() -> None:
        import resource

        os.close(pipe_reader)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        file = CaptureFile(str(path))
        try:
            file.save(OCTETS)
        except UsageError as error:
            os.write(pipe_writer, str(error).encode())

    assert in_a_child(save) == 0
    os.close(pipe_writer)
    with os.fdopen(pipe_reader) as told:
        assert "File too large" in told.read()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x.pcap"]
