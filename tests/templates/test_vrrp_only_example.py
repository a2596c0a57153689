# SPDX-License-Identifier: GPL-2.0-or-later
"""examples/ldirectord/vrrp-only: what the notify lines write, and a keepalived that does nothing but VRRP with them."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from lvs_rawcheck.director.role import BACKUP, MASTER, read_role
from lvs_rawcheck.generate.keepalived.notify import ROLES
from tests.netns.topology import Host, Network, wait_until

CHECKOUT = Path(__file__).resolve().parents[2]
CONF = CHECKOUT / "examples" / "ldirectord" / "vrrp-only" / "keepalived.conf"
INSTALLED, OURS = "/usr/lib/lvs-rawcheck/notify", CHECKOUT / "templates" / "notify"
KEEPALIVED = shutil.which("keepalived") or "/usr/sbin/keepalived"
LINE = re.compile(r'^ *(notify_\w+) "(.*)" root$', re.MULTILINE)
ELECTION_SECONDS = 15.0  # three advertisements of a second, and as much again that it waits at its start
PIDFILES = ("parent", "vrrp")


def lines() -> dict[str, list[str]]:
    """Return the commands by their keywords."""
    return {keyword: shlex.split(command) for keyword, command in LINE.findall(CONF.read_text())}


def test_they_are_the_lines_that_the_generator_writes() -> None:
    """ROLES: what `generate keepalived` would put into an instance."""
    assert lines() == {keyword: [INSTALLED, role, "VI_1"] for keyword, role in ROLES.items()}


@pytest.mark.parametrize("keyword", ROLES)
def test_each_line_keeps_the_role(tmp_path: Path, keyword: str) -> None:
    program, *words = lines()[keyword]
    assert program == INSTALLED
    subprocess.run([str(OURS), "-s", str(tmp_path), *words], umask=0o177, check=True, timeout=20)
    expected = MASTER if keyword == "notify_master" else BACKUP
    assert read_role(str(tmp_path / "role" / "VI_1")) == (expected, None)


def copy_for(folder: Path) -> Path:
    """Copy the example into a folder, with the script of this checkout, which keeps the roles there."""
    text = CONF.read_text().replace(INSTALLED, f"{OURS} -s {folder}/state")
    # A checkout may belong to anybody; only root's scripts would be run.
    copy = folder / CONF.name
    copy.write_text(text.replace("    enable_script_security\n", ""))
    copy.chmod(0o644)
    return copy


@pytest.mark.netns
def test_keepalived_takes_it_without_a_word() -> None:
    with Network() as network:
        director = network.host("director", ["192.0.2.1/24"])
        done = director.run([KEEPALIVED, "-t", "-f", str(CONF)], check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.netns
@pytest.mark.full
def test_keepalived_keeps_the_role(tmp_path: Path) -> None:
    """It becomes MASTER where it is alone, and is none when it ends."""
    role_file = tmp_path / "state" / "role" / "VI_1"
    with Network() as network:
        director = network.host("director", ["192.0.2.1/24"])
        keepalived = start(director, tmp_path)
        wait_until(lambda: read_role(str(role_file))[0] == MASTER, "MASTER", ELECTION_SECONDS)
        assert "192.0.2.100/24" in director.ip("address", "show", "dev", "eth0")
        keepalived.terminate()
        wait_until(lambda: read_role(str(role_file)) == (BACKUP, None), "a word of its end")
    assert role_file.read_text().split()[1] == "STOP"


def start(director: Host, folder: Path) -> subprocess.Popen[str]:
    """Start keepalived in the foreground, for VRRP only, with files of its own."""
    own = [f"--{'pid' if name == 'parent' else 'vrrp_pid'}={folder}/{name}.pid" for name in PIDFILES]
    return director.popen([KEEPALIVED, "--vrrp", "-n", "-f", str(copy_for(folder)), *own])
