# SPDX-License-Identifier: GPL-2.0-or-later
import stat
import subprocess
from pathlib import Path

import pytest

NOTHING: dict[str, str] = {}
NOTIFY = Path(__file__).resolve().parents[2] / "examples" / "lab" / "notify"


def notify(state: Path, *words: str, umask: int = 0o177) -> "subprocess.CompletedProcess[str]":
    """Run the script as keepalived does: with umask 0177 and nothing in the environment."""
    command = [str(NOTIFY), "-s", str(state), *words]
    return subprocess.run(command, umask=umask, env=NOTHING, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("role", "first"), [("MASTER", "1"), ("BACKUP", "0"), ("FAULT", "0"), ("STOP", "0"), ("DELETED", "0")]
)
def test_first_character_is_the_role(tmp_path: Path, role: str, first: str) -> None:
    state = tmp_path / "a new folder"
    assert notify(state, role, "VI_1").returncode == 0
    role_file = state / "role" / "VI_1"
    assert role_file.read_text()[0] == first
    assert stat.S_IMODE(role_file.stat().st_mode) == 0o644
    assert stat.S_IMODE(role_file.parent.stat().st_mode) == 0o755
    assert [path.name for path in role_file.parent.iterdir()] == ["VI_1"]


def test_a_later_role_replaces_the_file(tmp_path: Path) -> None:
    notify(tmp_path, "MASTER", "VI_1")
    role_file = tmp_path / "role" / "VI_1"
    with role_file.open() as reader:
        notify(tmp_path, "BACKUP", "VI_1")
        assert reader.read(1) == "1"  # who had it open reads the old one to its end
    assert role_file.read_text()[0] == "0"


@pytest.mark.parametrize("instance", ["", "../VI_1", "a/b", ".hidden", "a..b", "a b", "a\nb", "-x"])
def test_an_instance_never_becomes_a_path(tmp_path: Path, instance: str) -> None:
    state = tmp_path / "state"
    done = notify(state, "MASTER", instance)
    assert done.returncode != 0
    assert done.stderr
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_an_unknown_role_changes_nothing(tmp_path: Path) -> None:
    notify(tmp_path, "MASTER", "VI_1")
    assert notify(tmp_path, "master", "VI_1").returncode != 0
    assert (tmp_path / "role" / "VI_1").read_text()[0] == "1"
