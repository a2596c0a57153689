# SPDX-License-Identifier: GPL-2.0-or-later
"""lvs-rawcheck.state(5) tells every file under /run/lvs-rawcheck, and as many words of each as are written."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from lvs_rawcheck.checks.base import Endpoint, Reason, Result, Verdict
from lvs_rawcheck.daemon.alive import Alive
from lvs_rawcheck.daemon.track_files import TrackFiles
from lvs_rawcheck.daemon.verdict_files import VerdictFiles
from lvs_rawcheck.director.change_log import ChangeLog
from lvs_rawcheck.director.mode import write_override
from lvs_rawcheck.director.results import LastVerdict, Observations
from tests.daemon.known import known
from tests.package.man_page import CHECKOUT, ManPage

pytestmark = pytest.mark.netns  # stamps are kept for root alone
SERVICE, REAL_SERVER, INSTANCE = "web", "10.0.0.42", "VI_1"
HOLD = "hold"


def _told() -> dict[str, list[str]]:
    """Return the words of each file's line, by its path."""
    found: dict[str, list[str]] = {}
    path = ""
    for line in ManPage("lvs-rawcheck.state.5").section("DESCRIPTION"):
        if line.startswith(".It Pa "):
            path = line.removeprefix(".It Pa ")
        elif line.startswith(".D1 Ar "):
            found[path] = line.removeprefix(".D1 Ar ").split()
    return found


def _let_the_daemon_write(state_dir: str) -> None:
    verdicts, tracks, alive = VerdictFiles(state_dir), TrackFiles(state_dir), Alive(state_dir)
    state = known(check=f"{SERVICE}/{REAL_SERVER}")
    verdicts.note(state, 1.0)
    tracks.note(state)
    alive.note(1.0)
    verdicts.close()
    tracks.close()
    alive.close()


def test_every_file_is_told_with_its_words(tmp_path: Path) -> None:
    state = str(tmp_path)
    result = Result("tcp", bytes((10, 0, 0, 42)), Endpoint(bytes((10, 0, 0, 100)), 80), Verdict(Reason.OK, "connected"))
    write_override(state, SERVICE, "observe", 60)
    LastVerdict(state, SERVICE, REAL_SERVER).write(result, None)
    Observations(state, SERVICE, REAL_SERVER).add(result)
    ChangeLog(state, ["run", "x"]).note(result)
    notify = CHECKOUT / "templates" / "notify"
    subprocess.run(["/bin/sh", str(notify), "-s", state, "MASTER", INSTANCE], check=True, timeout=20)
    _let_the_daemon_write(state)
    written = {str(path.relative_to(tmp_path)): path for path in tmp_path.rglob("*") if path.is_file()}
    names = {"SERVICE": SERVICE, "REAL_SERVER": REAL_SERVER, "INSTANCE": INSTANCE}
    told = {
        re.sub(r"[A-Z_]+", lambda word: names.get(str(word[0]), ".+"), path): words for path, words in _told().items()
    }
    for path, file in written.items():
        if not file.stat().st_size:
            continue  # what is locked
        (words,) = (words for pattern, words in told.items() if re.fullmatch(pattern, path))
        found = file.read_text().split()
        assert len(found) == len([word for word in words if word != "..."]), path
    untold = [pattern for pattern in told if not any(re.fullmatch(pattern, path) for path in written)]
    assert untold == [HOLD]


def test_the_file_of_an_upgrade_is_told() -> None:
    assert _told()[HOLD] == ["TIME"]
    writer = (CHECKOUT / "debian" / "preinst").read_text()
    assert f"lvs-rawcheck/{HOLD}" in writer or f"/{HOLD}" in writer
