# SPDX-License-Identifier: GPL-2.0-or-later
"""Role files from the addresses of a host, beside the scripts that write them, too."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lvs_rawcheck import clock
from lvs_rawcheck.config.keepalived import read_keepalived
from lvs_rawcheck.config.keepalived.model import VrrpInstance
from lvs_rawcheck.director.role import BACKUP, MASTER
from lvs_rawcheck.generate.keepalived.seeding import RolesFound, roles_now, write_roles
from tests.netns.topology import Network
from tests.templates.test_notify import boot_id, notify

VIPS: dict[str, list[str]] = {
    "HERE": ["10.0.0.100/32", "2001:db8::100"],
    "GONE": ["10.0.0.101", "2001:db8::101"],
    "MIXED": ["10.0.0.100", "10.0.0.101"],
    "ON_LO": ["10.0.0.102"],
    "NONE": [],
}


def instances(folder: Path) -> list[VrrpInstance]:
    file = folder / "keepalived.conf"
    blocks = (
        f"vrrp_instance {name} {{\nvirtual_ipaddress {{\n" + "\n".join(vips) + "\n}\n}\n" for name, vips in VIPS.items()
    )
    file.write_text("".join(blocks))
    return read_keepalived(str(file)).site.instances


def now() -> int:
    return int(clock.uptime() * 100)


@pytest.mark.netns
def test_roles_by_the_addresses(network: Network, tmp_path: Path) -> None:
    director = network.host("director", ["10.0.0.21/24", "10.0.0.100/32", "2001:db8::100/64"])
    director.ip("addr", "add", "10.0.0.102/32", "dev", "lo")
    before = now()
    with director.entered():
        found = roles_now(instances(tmp_path))
    assert before <= found.read <= now()
    assert found.roles == {"HERE": MASTER, "GONE": BACKUP}
    later = ": its role file comes with its next change"
    assert found.unknown == {
        "MIXED": f"of its VIPs 10.0.0.100 is here, 10.0.0.101 is not{later}",
        "ON_LO": f"its VIPs are on lo, where they say nothing{later}",
        "NONE": f"it has no VIPs{later}",
    }


def test_files_are_those_of_the_script(tmp_path: Path) -> None:
    found = RolesFound(now(), {"VI_1": MASTER, "VI_2": BACKUP})
    state = tmp_path / "state"
    previous = os.umask(0o077)
    try:
        assert write_roles(found, str(state)) == ["VI_1", "VI_2"]
    finally:
        os.umask(previous)
    folder = state / "role"
    assert (folder / "VI_1").read_text() == f"1 MASTER {found.read} 0 {boot_id()}\n"
    assert (folder / "VI_2").read_text() == f"0 BACKUP {found.read} 0 {boot_id()}\n"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    assert modes == {"role": 0o755, ".lock": 0o600, "VI_1": 0o644, "VI_2": 0o644}
    # A second time there is nothing to do.
    assert write_roles(RolesFound(now(), found.roles), str(state)) == []


def test_nothing_is_made_for_nothing(tmp_path: Path) -> None:
    assert write_roles(RolesFound(now(), {}, {"VI_1": "it has no VIPs"}), str(tmp_path / "state")) == []
    assert not (tmp_path / "state").exists()


def test_a_script_that_was_started_since_stays(tmp_path: Path) -> None:
    found = RolesFound(now(), {"VI_1": MASTER})
    assert notify(tmp_path, "FAULT", "VI_1").returncode == 0
    assert write_roles(found, str(tmp_path)) == []
    assert (tmp_path / "role" / "VI_1").read_text()[:7] == "0 FAULT"


def test_a_script_that_was_started_before_makes_way(tmp_path: Path) -> None:
    assert notify(tmp_path, "FAULT", "VI_1").returncode == 0
    found = RolesFound(now() + 1, {"VI_1": MASTER})
    assert write_roles(found, str(tmp_path)) == ["VI_1"]
    assert (tmp_path / "role" / "VI_1").read_text()[:8] == "1 MASTER"


def test_the_same_role_by_a_script_stays_as_it_is(tmp_path: Path) -> None:
    assert notify(tmp_path, "STOP", "VI_1").returncode == 0
    assert write_roles(RolesFound(now() + 1, {"VI_1": BACKUP}), str(tmp_path)) == []
    assert (tmp_path / "role" / "VI_1").read_text()[:6] == "0 STOP"


def test_a_script_started_in_the_very_tick_goes_before_ours(tmp_path: Path) -> None:
    """Its own start is not earlier than the reading of the addresses, whatever its process ID is."""
    assert write_roles(RolesFound(now(), {"VI_1": MASTER}), str(tmp_path)) == ["VI_1"]
    assert notify(tmp_path, "BACKUP", "VI_1").returncode == 0
    assert (tmp_path / "role" / "VI_1").read_text()[:8] == "0 BACKUP"


@pytest.mark.parametrize(
    "there",
    [
        "",
        "1\n",
        "0 BACKUP 99999999999 7 another-boot\n",
        "0 BACKUP x 7 {boot}\n",
        "0 BACKUP 999999999999999999 7 {boot}\n",
        "\0\xff",
        "0 " * 4000,
    ],
)
def test_what_no_script_of_this_boot_wrote_makes_way(tmp_path: Path, there: str) -> None:
    (tmp_path / "role").mkdir(mode=0o755)
    (tmp_path / "role" / "VI_1").write_text(there.format(boot=boot_id()) if "{" in there else there)
    assert write_roles(RolesFound(now(), {"VI_1": MASTER}), str(tmp_path)) == ["VI_1"]
    assert (tmp_path / "role" / "VI_1").read_text()[:8] == "1 MASTER"


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/etc/hostname")])
def test_what_is_no_file_is_replaced_and_not_followed(tmp_path: Path, make: Callable[[Path], None]) -> None:
    (tmp_path / "role").mkdir(mode=0o755)
    make(tmp_path / "role" / "VI_1")
    assert write_roles(RolesFound(now(), {"VI_1": MASTER}), str(tmp_path)) == ["VI_1"]
    assert stat.S_ISREG((tmp_path / "role" / "VI_1").lstat().st_mode)


def test_a_folder_that_others_write_to_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "role").mkdir()
    (tmp_path / "role").chmod(0o777)
    with pytest.raises(PermissionError):
        write_roles(RolesFound(now(), {"VI_1": MASTER}), str(tmp_path))


@pytest.mark.full
def test_a_lock_that_is_never_given_back_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "role").mkdir(mode=0o755)
    lock = tmp_path / "role" / ".lock"
    with subprocess.Popen(["flock", lock, "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdin.write(b"held\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(TimeoutError):
            write_roles(RolesFound(now(), {"VI_1": MASTER}), str(tmp_path))
        holder.stdin.close()
    assert write_roles(RolesFound(now(), {"VI_1": MASTER}), str(tmp_path)) == ["VI_1"]
