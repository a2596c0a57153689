# SPDX-License-Identifier: GPL-2.0-or-later
"""What checks leave behind: in its place complete or not at all, and never in anybody else's folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lvs_rawcheck.checks.base import RAW, Reason, Result, Verdict
from lvs_rawcheck.clock import uptime
from lvs_rawcheck.director.results import LastVerdict, Observations
from lvs_rawcheck.director.role import BACKUP, MASTER
from lvs_rawcheck.director.state_folder import ResultFile, open_state

REAL = "10.0.0.42"


def found(reason: str = Reason.OK, path: str | None = RAW, role: str | None = None) -> Result:
    """Return the result of a check."""
    result = Result("tcp", None, None, Verdict(reason, "x"))
    result.path, result.role = path, role
    return result


@pytest.mark.parametrize(
    ("result", "role_file", "words"),
    [
        (found(), None, "0 0 raw - - ok"),
        (found(Reason.REFUSED, role=MASTER), "/r/VI_1", "0 1 raw 1 /r/VI_1 refused"),
        (found(Reason.CANNOT_JUDGE, None, BACKUP), "auto", "0 1 - 0 auto cannot-judge"),
    ],
)
def test_the_line(tmp_path: Path, result: Result, role_file: str | None, words: str) -> None:
    LastVerdict(str(tmp_path / "state"), "web", REAL).write(result, role_file)
    written, rest = (tmp_path / "state" / "last" / "web" / REAL).read_text().split(" ", 1)
    assert rest == f"{words}\n"
    assert uptime() - 5 < int(written) <= uptime()


def test_uptime_is_what_scripts_read() -> None:
    before = float(Path("/proc/uptime").read_text().split()[0])
    assert before - 0.01 <= uptime() <= float(Path("/proc/uptime").read_text().split()[0]) + 0.02


def test_a_line_that_is_replaced_is_never_half_there(tmp_path: Path) -> None:
    last = LastVerdict(str(tmp_path), "web", REAL)
    last.write(found(), None)
    with (tmp_path / "last" / "web" / REAL).open() as reader:
        last.write(found(Reason.NO_NEIGHBOUR), None)
        assert reader.read().split()[-1] == "ok"
    assert [path.name for path in (tmp_path / "last" / "web").iterdir()] == [REAL]


def test_observations_are_counted(tmp_path: Path) -> None:
    for reason in (Reason.OK, Reason.NO_ANSWER, Reason.OK):
        Observations(str(tmp_path), "web", REAL).add(found(reason))
    path = tmp_path / "observed" / "web" / REAL
    assert path.read_text().split()[1:3] == ["2", "1"]


@pytest.mark.parametrize("junk", ["", "x", "1 2 3", "-1 0 0 0 ok", "99999999999 5 5 5 ok", "\0" * 500, "1 x 3 4 ok"])
def test_a_count_that_makes_no_sense_begins_again(tmp_path: Path, junk: str) -> None:
    path = tmp_path / "observed" / "web" / REAL
    path.parent.mkdir(parents=True)
    path.write_text(junk)
    Observations(str(tmp_path), "web", REAL).add(found())
    assert path.read_text().split()[1:3] == ["1", "0"]


def test_a_temporary_file_of_an_earlier_process_is_in_nobodys_way(tmp_path: Path) -> None:
    folder = tmp_path / "last" / "web"
    folder.mkdir(parents=True)
    (folder / f".{REAL}.{os.getpid()}").write_text("half a li")
    LastVerdict(str(tmp_path), "web", REAL).write(found(), None)
    LastVerdict(str(tmp_path), "web", REAL).write(found(), None)
    assert [path.name for path in folder.iterdir()] == [REAL]


@pytest.mark.parametrize("place", ["", "last", "last/web", f"last/web/{REAL}"])
@pytest.mark.parametrize("spoil", ["link", "file", "open to all"])
def test_elsewhere_nothing_is_written(tmp_path: Path, place: str, spoil: str) -> None:
    state, elsewhere = tmp_path / "state", tmp_path / "elsewhere"
    elsewhere.mkdir()
    path = state / place if place else state
    path.parent.mkdir(parents=True, exist_ok=True)
    if spoil == "link":
        path.symlink_to(elsewhere)
    elif spoil == "file":
        path.write_text("a file")
    else:
        path.mkdir()
        path.chmod(0o777)
    LastVerdict(str(state), "web", REAL).write(found(), None)
    assert list(elsewhere.iterdir()) == []
    if spoil == "open to all" and place in ("", "last"):
        assert not (state / "last" / "web").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it gives a folder away")
def test_root_never_writes_where_another_user_may(tmp_path: Path) -> None:
    file = ResultFile(str(tmp_path), "last", "web", REAL, (4711, 4712))
    file.write("a line")  # we should have become that user, and did not
    folder = tmp_path / "last" / "web"
    assert (folder.stat().st_uid, list(folder.iterdir())) == (4711, [])


def test_a_folder_is_made_for_everybody_to_read_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o177)
    try:
        os.close(open_state(str(tmp_path), "last"))
    finally:
        os.umask(before)
    assert (tmp_path / "last").stat().st_mode & 0o777 == 0o755
