# SPDX-License-Identifier: GPL-2.0-or-later
"""Role by file and by VIP, asked directly."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from lvs_rawcheck.director.role import BACKUP, MASTER, read_role, role_by_vip
from lvs_rawcheck.wire.address import parse_address

VIP, OTHER = parse_address("10.0.0.100"), parse_address("10.0.0.21")
LO, ETH0, DUMMY0 = 1, 2, 3


@dataclass
class Held:
    interface_index: int
    address: bytes


@pytest.mark.parametrize(
    ("content", "role"),
    [(b"1", MASTER), (b"1\n", MASTER), (b"1" * 100_000, MASTER), (b"0", BACKUP), (b"\xff", BACKUP), (b"\n1", BACKUP)],
)
def test_the_first_octet_decides(tmp_path: Path, content: bytes, role: str) -> None:
    path = tmp_path / "role"
    path.write_bytes(content)
    assert read_role(str(path)) == (role, None)


def test_what_says_nothing_is_a_backup_and_said_so(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "fifo")
    for name, reason in {"missing": "No such file", "empty": "empty", "fifo": "empty", ".": "Is a directory"}.items():
        role, trouble = read_role(str(tmp_path / name))
        assert role == BACKUP
        assert trouble is not None
        assert reason in trouble


def test_a_fifo_with_a_silent_writer_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    writer = os.open(tmp_path / "fifo", os.O_RDWR)
    try:
        role, trouble = read_role(str(tmp_path / "fifo"))
    finally:
        os.close(writer)
    assert role == BACKUP
    assert trouble is not None


def test_a_path_with_a_nul(tmp_path: Path) -> None:
    role, trouble = read_role(f"{tmp_path}/a\0b")
    assert role == BACKUP
    assert trouble is not None


def test_a_symbolic_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "role").write_text("1")
    (tmp_path / "link").symlink_to("role")
    assert read_role(str(tmp_path / "link")) == (MASTER, None)


@pytest.mark.parametrize(
    ("held", "role"),
    [
        ([], BACKUP),
        ([Held(ETH0, OTHER)], BACKUP),
        ([Held(ETH0, OTHER), Held(ETH0, VIP)], MASTER),
        ([Held(LO, VIP)], None),
        ([Held(DUMMY0, VIP), Held(LO, VIP)], None),
        ([Held(LO, VIP), Held(ETH0, VIP)], MASTER),
    ],
)
def test_role_by_vip(held: list[Held], role: str | None) -> None:
    assert role_by_vip(VIP, held, {LO, DUMMY0}) == role
