# SPDX-License-Identifier: GPL-2.0-or-later
"""The site's own script behind ours, run for real: by whom, and with what, keepalived would have run it."""

from __future__ import annotations

import ctypes
import grp
import json
import os
import pwd
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lvs_rawcheck.config.keepalived.words import script_words
from lvs_rawcheck.generate.keepalived.notify_user import primary_group_here
from tests.generate.notify_desk import Desk
from tests.generate.test_notify import instance
from tests.templates.test_notify import NOTIFY

USER = "nobody"
# What a process can say about itself; PR_GET_PDEATHSIG is 2 (prctl.h).
TELLS = """
import ctypes, json, os, sys
signal = ctypes.c_int()
ctypes.CDLL(None).prctl(2, ctypes.byref(signal))
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines())
print(json.dumps([sys.argv[1:], os.getresuid(), os.getresgid(), os.getgroups(), status["CapEff"], status["CapPrm"],
                  status["CapAmb"], status["NoNewPrivs"], signal.value]))
"""


def test_groups_of_this_host() -> None:
    group = primary_group_here(USER)
    assert group is not None
    assert grp.getgrnam(group).gr_gid == pwd.getpwnam(USER).pw_gid
    assert primary_group_here("no such user") is None
    assert primary_group_here("a\0b") is None


@pytest.mark.netns
@pytest.mark.parametrize("group", ["", " daemon"])
def test_theirs_runs_as_keepalived_ran_it(tmp_path: Path, group: str) -> None:
    tells = tmp_path / "tells.py"
    tells.write_text(TELLS)
    for folder in (tmp_path, *tmp_path.parents[:-1]):
        if folder.stat().st_uid == os.getuid() and folder != Path("/tmp"):
            folder.chmod(0o755)
    own = primary_group_here(USER)
    assert own is not None
    desk = Desk(tmp_path, {"root": "root", USER: own}, scripts=str(NOTIFY.parent), state=str(tmp_path / "state"))
    theirs = f"\"{sys.executable} {tells} 'two words' --\" {USER}{group}"
    text = desk.wire(instance(f"notify_master {theirs}", "notify /any")).after.decode()
    (line,) = (line for line in text.splitlines() if line.strip().startswith("notify_master"))
    words = script_words(line.strip())
    assert words is not None
    command = script_words(words[1])
    assert command is not None

    def as_a_child_of_keepalived() -> None:
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)

    done = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=20, preexec_fn=as_a_child_of_keepalived
    )
    user, group_id = pwd.getpwnam(USER).pw_uid, grp.getgrnam(group.strip() or own).gr_gid
    assert json.loads(done.stdout) == [
        ["two words", "--"],
        [user] * 3,
        [group_id] * 3,
        [],
        *["0" * 16] * 3,
        "0",
        signal.SIGTERM,
    ]
    assert (tmp_path / "state" / "role" / "VI_1").read_text()[0] == "1"
