# SPDX-License-Identifier: GPL-2.0-or-later
"""Role files, the registry's files and the state folder: missing, stale, broken, of others, open to others."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lvs_rawcheck.diagnose.doctor.registry_files import registry_files
from lvs_rawcheck.diagnose.doctor.role_files import role_files
from lvs_rawcheck.diagnose.doctor.state_folders import state_folders
from tests.diagnose.doctor.clinic import VIP, Clinic
from tests.diagnose.doctor.ward import Ward, with_daemon_user

pytestmark = pytest.mark.netns

NOBODY = 65534
DAEMON_S = ("verdict", "track", "daemon", "slots")


@pytest.fixture
def followed(clinic: Clinic) -> Clinic:
    """A director whose service follows a role file, which says backup, as the VIP does."""
    clinic.register(f'role_file = "{clinic.role_file}"')
    clinic.tell_role("0\n")
    return clinic


def test_a_role_file_that_is_right(followed: Clinic) -> None:
    section = followed.look(role_files)
    assert (section.findings, section.gaps) == ([], [])
    assert section.looked_at.startswith("1 role files")


def test_master_without_the_vip(followed: Clinic) -> None:
    followed.tell_role("1\n")
    found = followed.cure(role_files, "role")
    assert f"{VIP} is no address of this host" in found.sentence
    assert followed.role_file.read_text().startswith("0 BACKUP ")


def test_backup_with_the_vip(followed: Clinic) -> None:
    followed.host.add_address(f"{VIP}/32", "eth0")
    followed.cure(role_files, "role")
    assert followed.role_file.read_text().startswith("1 MASTER ")


@pytest.mark.parametrize("text", [None, ""])
def test_no_role_file_or_an_empty_one(followed: Clinic, text: str | None) -> None:
    followed.role_file.unlink()
    if text is not None:
        followed.tell_role(text)
    followed.cure(role_files, "role-file")


def test_a_role_file_that_is_no_file(followed: Clinic) -> None:
    followed.role_file.unlink()
    os.mkfifo(followed.role_file)
    assert followed.finding(role_files, "role-file").where == str(followed.role_file)


def test_a_role_of_an_earlier_boot(followed: Clinic) -> None:
    followed.tell_role("0 BACKUP 4711 815 00000000-0000-4000-8000-000000000000\n")
    followed.cure(role_files, "role-of-earlier-boot")
    followed.tell_role("0\n")  # another program's, which needs no more
    assert followed.look(role_files).findings == []


@pytest.mark.parametrize(("uid", "mode"), [(NOBODY, 0o644), (0, 0o664), (0, 0o646)])
def test_a_role_file_that_others_can_write(followed: Clinic, uid: int, mode: int) -> None:
    os.chown(followed.role_file, uid, 0)
    followed.role_file.chmod(mode)
    followed.cure(role_files, "role-owner")


def test_a_role_file_elsewhere_may_be_written_by_somebody_else(followed: Clinic) -> None:
    path = followed.folder / "role"
    path.write_text("0\n")
    os.chown(path, NOBODY, 0)
    followed.register(f'role_file = "{path}"')
    followed.demand_instruction(role_files, "role-owner")


def test_a_role_file_elsewhere_is_somebody_s_own(followed: Clinic) -> None:
    followed.register(f'role_file = "{followed.folder}/role"')
    followed.demand_instruction(role_files, "role-file")


# The registry ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("octets", [b"\xff\xfe\0", b"endpoint = [\n", b'endpoint = ["10.0.0.100:80"]\nnonsense = 1\n'])
def test_a_service_file_that_cannot_be_used(clinic: Clinic, octets: bytes) -> None:
    clinic.register()
    broken = clinic.services / "broken.toml"
    broken.write_bytes(octets)
    found = clinic.demand_instruction(registry_files, "registry-file")
    assert found.where == str(broken)
    broken.unlink()
    assert clinic.look(registry_files).findings == []


def test_many_broken_files_are_told_in_part(clinic: Clinic) -> None:
    for number in range(25):
        (clinic.services / f"broken{number}.toml").write_text("[")
    section = clinic.look(registry_files)
    assert len(section.findings) == 20
    assert section.gaps == ["5 service files more that cannot be used"]


def test_no_registry_is_a_gap(clinic: Clinic) -> None:
    clinic.services.rmdir()
    section = clinic.look(registry_files)
    assert section.findings == []
    assert "cannot read the registry" in section.gaps[0]
    clinic.services.mkdir()


# The state folder --------------------------------------------------------------------------------------


@pytest.fixture
def packaged(clinic: Clinic) -> Ward:
    """A director on which the package is installed: it has its user, and the daemon's folders."""
    clinic.folder.chmod(0o755)
    for name in DAEMON_S:
        (clinic.state / name).mkdir()
        os.chown(clinic.state / name, 907, 907)
    return Ward(clinic, with_daemon_user(clinic.folder))


def test_a_package_in_order_has_no_finding(packaged: Ward) -> None:
    path = packaged.clinic.register()
    path.chmod(0o640)
    os.chown(path, 0, 907)
    assert packaged.causes() == []


def test_a_service_file_and_a_folder_that_the_daemon_may_not_read(packaged: Ward) -> None:
    path = packaged.clinic.register()
    path.chmod(0o600)
    (found,) = packaged.cure("registry-closed")
    assert found["where"] == str(path)
    packaged.clinic.services.chmod(0o700)
    packaged.cure("registry-closed")


def test_folders_of_the_daemon_s_that_are_missing_or_not_its_own(packaged: Ward) -> None:
    state = packaged.clinic.state
    (state / "verdict").rmdir()
    os.chown(state / "track", 0, 0)
    (state / "slots").chmod(0o777)
    packaged.cure("state-missing", "state-owner", "state-owner")
    assert (state / "verdict").stat().st_uid == 907


def test_no_state_folder_at_all(packaged: Ward) -> None:
    state = packaged.clinic.state
    for name in DAEMON_S:
        (state / name).rmdir()
    state.rmdir()
    found = packaged.doctor()["findings"]
    assert [each["cause"] for each in found] == ["state-missing"]
    assert packaged.run("sh", "-c", found[0]["fix"][0]["command"]).returncode == 0
    packaged.cure(*["state-missing"] * len(DAEMON_S))


@pytest.mark.parametrize("name", ["", "role", "last", "mode"])
def test_a_folder_that_others_can_write_to(clinic: Clinic, name: str) -> None:
    folder = clinic.state / name
    folder.mkdir(exist_ok=True)
    folder.chmod(0o775)
    clinic.cure(state_folders, "state-owner")
    os.chown(folder, NOBODY, NOBODY)
    clinic.cure(state_folders, "state-owner")


def test_something_else_in_the_place_of_a_folder(clinic: Clinic) -> None:
    (clinic.state / "role").symlink_to("/tmp")
    clinic.demand_instruction(state_folders, "state-owner")


@pytest.fixture
def on_a_disk() -> Iterator[Path]:
    """Return a folder that does not go with the boot."""
    for place in ("/tmp", "/var/tmp"):
        with tempfile.TemporaryDirectory(dir=place, prefix="rawcheck-") as name:
            kind = subprocess.run(["stat", "-f", "-c", "%T", name], capture_output=True, check=True, text=True).stdout
            if kind.strip() not in ("tmpfs", "ramfs"):
                Path(name).chmod(0o755)
                yield Path(name)
                return
    pytest.skip("neither /tmp nor /var/tmp is on a disk")


def test_a_state_folder_on_a_disk(clinic: Clinic, on_a_disk: Path) -> None:
    on_shm, clinic.state = clinic.state, on_a_disk
    clinic.demand_instruction(state_folders, "state-not-volatile")
    clinic.state = on_shm
    assert clinic.look(state_folders).findings == []


def test_a_state_folder_that_is_read_only(clinic: Clinic) -> None:
    place = clinic.state
    ward = Ward(clinic, f"mount -t tmpfs -o ro,mode=755 none {place}")
    ward.cure("state-read-only")


def test_a_disk_that_is_read_only_may_be_a_broken_one(clinic: Clinic, on_a_disk: Path) -> None:
    on_shm, clinic.state = clinic.state, on_a_disk
    ward = Ward(clinic, f"mount --bind {clinic.state} {clinic.state}\nmount -o remount,bind,ro {clinic.state}")
    found = [each for each in ward.doctor()["findings"] if each["cause"] == "state-read-only"]
    assert [list(fix) for fix in found[0]["fix"]] == [["host", "instruction"]]
    clinic.state = on_shm


def test_a_state_folder_that_is_full(clinic: Clinic) -> None:
    place = clinic.state
    fill = f"dd if=/dev/zero of={place}/filler bs=4096 count=100 2>/dev/null || true"
    ward = Ward(clinic, f"mount -t tmpfs -o size=64k,mode=755 none {place}\n{fill}")
    (found,) = ward.doctor()["findings"]
    assert found["cause"] == "state-full"
    assert all("instruction" in fix for fix in found["fix"])
    ward.run("rm", f"{place}/filler")
    assert ward.causes() == []
