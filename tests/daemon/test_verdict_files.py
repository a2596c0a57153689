# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon's verdicts as files: written at a change, renewed before they expire, and never of what is not known."""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Iterator
from pathlib import Path
from time import process_time

import pytest

from lvs_rawcheck.clock import uptime
from lvs_rawcheck.daemon.health import DOWN, UNKNOWN, UP
from lvs_rawcheck.daemon.state import CheckState
from lvs_rawcheck.daemon.verdict_files import VerdictFiles
from lvs_rawcheck.director.role import BACKUP, MASTER
from tests.daemon.full_disk import full_disk
from tests.daemon.known import CHECK, REAL, SERVICE, known

ROLE_FILE = "/run/lvs-rawcheck/role/VI_1"


@pytest.fixture
def files(tmp_path: Path) -> Iterator[VerdictFiles]:
    made = VerdictFiles(str(tmp_path))
    yield made
    made.close()


def line(folder: Path, check: str = CHECK) -> str | None:
    path = folder / "verdict" / check
    return path.read_text() if path.exists() else None


def words(folder: Path, check: str = CHECK) -> str:
    """Return what is read of it but for the times."""
    text = line(folder, check)
    assert text is not None
    return text.split(" ", 2)[2]


def rubbed_out(folder: Path, check: str = CHECK) -> None:
    (folder / "verdict" / check).write_text("")


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (known(), "0 raw - - ok\n"),
        (known(DOWN, "no-answer", MASTER, ROLE_FILE), f"1 raw 1 {ROLE_FILE} no-answer\n"),
        (known(UP, "ok", BACKUP, "auto"), "0 raw 0 auto ok\n"),
        (known(UP, "refused"), "0 raw - - ok\n"),
        (known(DOWN, "ok"), "1 raw - - cannot-judge\n"),
    ],
)
def test_the_line(tmp_path: Path, files: VerdictFiles, state: CheckState, expected: str) -> None:
    files.note(state, 1.0)
    assert words(tmp_path) == expected
    path = tmp_path / "verdict" / CHECK
    assert path.stat().st_mode & 0o7777 == 0o644
    assert path.parent.stat().st_mode & 0o7777 == 0o755


@pytest.mark.parametrize(("interval", "life"), [(0.2, 15), (1.0, 15), (5.0, 15), (5.1, 16), (60.0, 180)])
def test_it_lives_for_three_intervals_or_15_s(tmp_path: Path, files: VerdictFiles, interval: float, life: int) -> None:
    files.note(known(interval=interval), 1.0)
    text = line(tmp_path)
    assert text is not None
    written, expires = map(int, text.split()[:2])
    assert expires - written == life
    assert uptime() - 5 < written <= uptime()


def test_what_is_not_known_is_not_written(tmp_path: Path, files: VerdictFiles) -> None:
    state = known(UNKNOWN)
    files.note(state, 1.0)
    assert line(tmp_path) is None
    state.state = UP
    files.note(state, 2.0)
    state.state = UNKNOWN  # held for too long
    rubbed_out(tmp_path)
    files.note(state, 1000.0)
    assert line(tmp_path) == ""


def test_it_is_written_when_something_has_changed(tmp_path: Path, files: VerdictFiles) -> None:
    state = known(UP, "ok", BACKUP, ROLE_FILE)
    files.note(state, 1.0)
    for name, value, judged_at, expected in (
        ("state", DOWN, 1.001, "1 raw 0"),
        ("role", MASTER, 1.002, "1 raw 1"),
        ("path", "standard", 1.003, "1 standard 1"),
        ("state", UP, 1.004, "0 standard 1"),
    ):
        setattr(state, name, value)
        state.reason = "ok" if state.state == UP else "timeout"
        state.judged_at = judged_at
        files.note(state, judged_at)
        assert words(tmp_path).startswith(expected)
    rubbed_out(tmp_path)
    files.note(state, 1.0)
    assert line(tmp_path) == ""


def test_the_reason_is_that_of_the_verdict(tmp_path: Path, files: VerdictFiles) -> None:
    state = known()
    files.note(state, 1.0)
    state.reason = "no-answer"  # one failure, and not enough of them
    files.note(state, 1.001)
    assert words(tmp_path).endswith(" ok\n")
    state.state, state.reason = DOWN, "refused"
    files.note(state, 1.002)
    assert words(tmp_path).endswith(" refused\n")
    state.reason = "ok"  # one pass, and not enough of them
    files.note(state, 1.003)
    assert words(tmp_path).endswith(" refused\n")
    state.reason = "timeout"
    files.note(state, 1.004)
    assert words(tmp_path).endswith(" timeout\n")


def test_the_reason_is_the_same_whether_or_not_a_line_is_written() -> None:
    state = known(UNKNOWN, "")
    assert state.told_reason == ""
    state.state, state.reason = DOWN, "refused"
    assert state.told_reason == "refused"
    state.reason = "ok"  # one pass, and not enough of them
    assert (state.reason, state.told_reason) == ("ok", "refused")
    state.state = UP
    assert state.told_reason == "ok"
    state.reason = "timeout"
    assert state.told_reason == "ok"
    state.state = UNKNOWN  # nothing could confirm it for too long
    assert state.told_reason == ""


def test_a_verdict_that_is_held_keeps_the_role_that_it_was_found_in(tmp_path: Path, files: VerdictFiles) -> None:
    state = known(UP, "ok", BACKUP, ROLE_FILE)
    files.note(state, 1.0)
    state.role, state.path, state.held = MASTER, None, "link down"  # judged_at is as it was
    files.note(state, 14.0)
    assert words(tmp_path) == f"0 raw 0 {ROLE_FILE} ok\n"


def test_a_check_that_was_read_anew_is_another_one(tmp_path: Path, files: VerdictFiles) -> None:
    files.note(known(), 1.0)
    files.note(known(role=MASTER, role_file=ROLE_FILE, interval=20.0), 1.001)
    text = line(tmp_path)
    assert text is not None
    assert int(text.split()[1]) - int(text.split()[0]) == 60
    assert words(tmp_path) == f"0 raw 1 {ROLE_FILE} ok\n"


@pytest.mark.parametrize("interval", [0.2, 1.0, 4.0, 5.0, 7.0, 60.0, 3600.0])
def test_it_is_renewed_before_it_expires(tmp_path: Path, files: VerdictFiles, interval: float) -> None:
    """Each result comes at its place or a little later; one of them may fail to be written."""
    delays = random.Random(4711)
    state = known(interval=interval)
    life = max(15.0, 3 * interval)
    written = 0.0
    writes = 0
    results = 200
    for number in range(results):
        now = number * interval + delays.uniform(0.0, interval / 2)
        state.judged_at = now
        files.note(state, now)
        if line(tmp_path):
            written, writes = now, writes + 1
            rubbed_out(tmp_path)
        assert now - written < life - interval
    assert writes <= results * interval / (life / 2 - interval) + 2 or interval >= 5.0


def test_renewals_are_spread(tmp_path: Path, files: VerdictFiles) -> None:
    """1,000 checks that were found within a second: no second sees many more than a fifth of them renewed."""
    states = [known(check=f"s{number // 50}/10.0.0.{number % 50}") for number in range(1000)]
    for state in states:
        files.note(state, 1.0)
    inodes = [os.stat(tmp_path / "verdict" / state.check_id).st_ino for state in states]
    total = 0
    for second in range(2, 30):
        renewed = 0
        for number, state in enumerate(states):
            files.note(state, second + number / 1000)
            inode = os.stat(tmp_path / "verdict" / state.check_id).st_ino
            renewed += inode != inodes[number]
            inodes[number] = inode
        assert renewed <= 220
        total += renewed
    assert total >= 2.5 * len(states)


def test_where_nothing_is_due_it_costs_next_to_nothing(files: VerdictFiles) -> None:
    states = [known(role=MASTER, role_file=ROLE_FILE, check=f"web/10.0.0.{number}") for number in range(100)]
    for state in states:
        files.note(state, 1.0)
        files.note(state, 11.5)  # from now on each is renewed at 21.5
    best = min(_cost_of_notes(files, states, judged_at) for judged_at in (12.0, 12.5, 13.0, 13.5, 14.0))
    assert best < 2e-6


def _cost_of_notes(files: VerdictFiles, states: list[CheckState], judged_at: float) -> float:
    """Return CPU seconds of one."""
    started = process_time()
    for _ in range(20):
        for state in states:
            state.judged_at = judged_at
            files.note(state, judged_at)
    return (process_time() - started) / len(states) / 20


def test_checks_that_are_gone(tmp_path: Path, files: VerdictFiles) -> None:
    for check in ("a/10.0.0.1", "a/10.0.0.2", "b/10.0.0.1", "c/2001:db8::1"):
        files.note(known(check=check), 1.0)
    (tmp_path / "verdict" / "a" / ".10.0.0.1.4711").write_text("half")
    files.keep_only(["a/10.0.0.1", "c/2001:db8::1"])
    found = sorted(str(path.relative_to(tmp_path / "verdict")) for path in (tmp_path / "verdict").rglob("*"))
    assert found == ["a", "a/10.0.0.1", "c", "c/2001:db8::1"]
    files.forget("c", "2001:db8::1")
    assert line(tmp_path, "c/2001:db8::1") is None
    files.note(known(check="c/2001:db8::1"), 1.0)
    assert line(tmp_path, "c/2001:db8::1")
    files.forget("z", "10.0.0.1")


def test_folders_outlive_the_daemon(tmp_path: Path, files: VerdictFiles) -> None:
    files.note(known(), 1.0)
    before = os.stat(tmp_path / "verdict").st_ino, os.stat(tmp_path / "verdict" / SERVICE).st_ino
    other = VerdictFiles(str(tmp_path))
    other.keep_only([CHECK])
    other.note(known(DOWN, "refused"), 1.0)
    other.close()
    assert before == (os.stat(tmp_path / "verdict").st_ino, os.stat(tmp_path / "verdict" / SERVICE).st_ino)


@pytest.mark.parametrize("place", ["verdict", f"verdict/{SERVICE}"])
def test_nothing_is_written_through_a_link(tmp_path: Path, place: str, caplog: pytest.LogCaptureFixture) -> None:
    state_dir, elsewhere = tmp_path / "state", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (state_dir / place).parent.mkdir(parents=True)
    (state_dir / place).symlink_to(elsewhere)
    if place == "verdict":
        with pytest.raises(NotADirectoryError):
            VerdictFiles(str(state_dir))
        return
    files = VerdictFiles(str(state_dir))
    files.note(known(), 1.0)
    files.keep_only([])
    files.close()
    assert list(elsewhere.iterdir()) == []
    assert len(caplog.records) == 1


def test_nothing_is_written_where_others_may_write(tmp_path: Path, files: VerdictFiles) -> None:
    folder = tmp_path / "verdict" / SERVICE
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    state = known()
    files.note(state, 1.0)
    assert list(folder.iterdir()) == []
    folder.chmod(0o755)
    files.note(state, 4.0)
    assert [path.name for path in folder.iterdir()] == [REAL]


def test_what_cannot_be_a_line_is_said(tmp_path: Path, files: VerdictFiles, caplog: pytest.LogCaptureFixture) -> None:
    files.note(known(role_file="/run/r\u00f4le"), 1.0)
    assert list((tmp_path / "verdict" / SERVICE).iterdir()) == []
    assert len(caplog.records) == 1


@pytest.mark.netns
@pytest.mark.parametrize("place", ["verdict", "."])
def test_root_writes_nothing_into_a_folder_of_somebody_elses(tmp_path: Path, place: str) -> None:
    (tmp_path / "verdict").mkdir()
    os.chown(tmp_path / place, 65534, 65534)
    with pytest.raises(PermissionError):
        VerdictFiles(str(tmp_path))


@pytest.mark.netns
def test_a_full_disk(caplog: pytest.LogCaptureFixture) -> None:
    """What is still right expires by itself; what is wrong goes at once; it is said once, and once when it is over."""
    caplog.set_level(logging.WARNING)
    with full_disk() as disk:
        files = VerdictFiles(str(disk.folder / "state"))
        states = [known(check=f"web/10.0.0.{number}") for number in range(1, 6)]
        for state in states:
            files.note(state, 1.0)
        disk.fill()
        states[0].state, states[0].reason = DOWN, "refused"
        for state in states:
            files.note(state, 14.0)
        there = sorted(path.name for path in (disk.folder / "state" / "verdict" / "web").iterdir())
        assert there == [state.real_server for state in states[1:]]
        assert len(caplog.records) == 1
        assert "No space left" in caplog.text
        disk.make_room()
        for state in states:
            files.note(state, 17.0)
        files.close()
        assert words(disk.folder / "state", "web/10.0.0.1") == "1 raw - - refused\n"
        assert len(caplog.records) == 2
