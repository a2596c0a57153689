# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon's sign of life, which outlives it, and the files that checks lock in its stead."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lvs_rawcheck.clock import uptime
from lvs_rawcheck.daemon.alive import Alive


def sign(folder: Path) -> tuple[int, int]:
    alive, slots = (folder / "daemon" / "alive").read_text().split()
    return int(alive), int(slots)


def test_a_sign_of_life_every_five_seconds(tmp_path: Path) -> None:
    alive = Alive(str(tmp_path))
    alive.note(100.0)
    assert uptime() - 5 < sign(tmp_path)[0] <= uptime()
    path = tmp_path / "daemon" / "alive"
    before = path.stat().st_ino
    alive.note(104.9)
    assert path.stat().st_ino == before
    alive.note(105.0)
    assert path.stat().st_ino != before
    alive.close()
    assert path.exists()


def test_slots_for_each_core_that_outlive_the_daemon(tmp_path: Path) -> None:
    alive = Alive(str(tmp_path))
    alive.note(1.0)
    alive.close()
    cores = len(os.sched_getaffinity(0))
    assert sign(tmp_path)[1] == 32 * cores
    slots = sorted((tmp_path / "slots").iterdir())
    assert sorted(int(path.name) for path in slots) == list(range(32 * cores))
    assert {path.stat().st_mode & 0o7777 for path in slots} == {0o640}
    before = [path.stat().st_ino for path in slots]
    Alive(str(tmp_path)).close()
    assert [path.stat().st_ino for path in slots] == before


@pytest.mark.parametrize("folder", ["slots", "daemon"])
def test_a_folder_that_is_a_link_is_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / folder).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotADirectoryError):
        Alive(str(tmp_path))


def test_where_it_cannot_be_given_that_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    alive = Alive(str(tmp_path))
    (tmp_path / "daemon").rmdir()
    alive.note(1.0)
    alive.note(10.0)
    alive.close()
    assert len(caplog.records) == 1
