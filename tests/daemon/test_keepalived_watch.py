# SPDX-License-Identifier: GPL-2.0-or-later
"""By its PID files keepalived is seen to be another process; one that ends is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvs_rawcheck.daemon.keepalived_watch import KeepalivedWatch

PIECES = 3


class Files:
    """What is written again, in pieces."""

    def __init__(self) -> None:
        self.begun = 0
        self.left = 0

    def rewrite_all(self) -> None:
        self.begun += 1
        self.left = PIECES

    def rewrite_some(self) -> bool:
        self.left -= 1
        return self.left > 0


class Desk:
    """keepalived's PID files, and who looks at them once a second."""

    def __init__(self, folder: Path) -> None:
        self.files = Files()
        self._paths = [folder / name for name in ("keepalived.pid", "other.pid", "checkers.pid")]
        self._now = 0.0
        self._watch: KeepalivedWatch | None = None

    def say(self, parent: str | None, checkers: str | None) -> None:
        """Let the files say this; None: there is no such file."""
        for path, text in ((self._paths[0], parent), (self._paths[2], checkers)):
            if text is None:
                path.unlink(missing_ok=True)
            else:
                path.write_text(text)

    def look(self) -> int:
        """Look until there is nothing to do at once; return how often all were to be written again."""
        if self._watch is None:
            self._watch = KeepalivedWatch(self.files, tuple(map(str, self._paths)))
        before = self.files.begun
        while True:
            self._watch.work(None, self._now)
            due = self._watch.next_timer()
            assert due is not None
            assert due > self._now
            soon, self._now = due - self._now < 0.5, due
            if not soon:
                return self.files.begun - before


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_one_that_was_there_before_is_no_other_one(desk: Desk) -> None:
    desk.say("17\n", "18\n")
    assert [desk.look(), desk.look()] == [0, 0]


def test_one_that_is_started_is_told_all_again_once_and_in_pieces(desk: Desk) -> None:
    desk.look()
    desk.say("17\n", "18\n")
    assert [desk.look(), desk.look()] == [1, 0]
    assert desk.files.left == 0


def test_its_checkers_alone_may_be_started_anew(desk: Desk) -> None:
    desk.say("17\n", "18\n")
    desk.look()
    desk.say("17\n", "99\n")
    assert desk.look() == 1


def test_one_that_ends_is_told_nothing(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.say("17\n", "18\n")
    desk.look()
    with caplog.at_level("INFO"):
        desk.say("17\n", None)
        assert desk.look() == 0
        desk.say(None, None)
        assert desk.look() == 0
    assert caplog.text == ""


def test_one_that_has_the_same_process_id_again_is_another_one(desk: Desk) -> None:
    """As in a container, whose first processes have the same numbers each time."""
    desk.say("17\n", "18\n")
    desk.look()
    desk.say(None, None)
    desk.look()
    desk.say("17\n", "18\n")
    assert desk.look() == 1


@pytest.mark.parametrize("text", ["", "\n", " \n"])
def test_a_file_that_says_nothing_yet_is_none(desk: Desk, text: str) -> None:
    desk.look()
    desk.say(text, text)
    assert desk.look() == 0
