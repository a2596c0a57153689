# SPDX-License-Identifier: GPL-2.0-or-later
"""A mode that was set by hand: how long it holds, and files that cannot be what they should be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.clock import uptime
from lvs_rawcheck.director.mode import MODES, clear_override, read_override, write_override

OWNER = os.geteuid()


def in_force(state: Path) -> str | None:
    override, trouble = read_override(str(state), "web")
    assert trouble is None
    return override.mode if override is not None else None


@pytest.mark.parametrize("mode", MODES)
def test_what_was_set_holds(tmp_path: Path, mode: str) -> None:
    state = tmp_path / "state"
    assert in_force(state) is None
    assert not state.exists()
    write_override(str(state), "web", mode, None)
    assert in_force(state) == mode
    write_override(str(state), "web", mode, 60.0)
    override, _ = read_override(f"{state}/", "web")
    assert override is not None
    left = override.seconds_left()
    assert left is not None
    assert 55 < left <= 61
    assert read_override(str(state), "other") == (None, None)
    clear_override(str(state), "web")
    clear_override(str(state), "web")
    assert in_force(state) is None


@pytest.mark.parametrize(("ahead", "held"), [(5, "observe"), (-1, None), (10**9, "observe")])
def test_until_then(tmp_path: Path, ahead: int, held: str | None) -> None:
    (tmp_path / "mode").mkdir()
    (tmp_path / "mode" / "web").write_text(f"observe {int(uptime()) + ahead}\n")
    assert in_force(tmp_path) == held


@given(st.binary(max_size=40))
def test_any_octets_are_a_mode_or_a_sentence(tmp_path_factory: pytest.TempPathFactory, octets: bytes) -> None:
    state = tmp_path_factory.getbasetemp() / "any-mode"
    (state / "mode").mkdir(parents=True, exist_ok=True)
    (state / "mode" / "web").write_bytes(octets)
    override, trouble = read_override(str(state), "web")
    assert override is None
    first = octets.split(b"\n")[0].split(b" ")
    expired = first[0] in (b"enforce", b"observe", b"standard") and len(first) == 2 and first[1].isdigit()
    assert expired or (trouble is not None and trouble.startswith("mode file of web: "))


def test_no_file_holds_a_check_up_or_leads_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / "mode"
    folder.mkdir()
    (tmp_path / "elsewhere").write_text("standard -\n")
    os.mkfifo(folder / "fifo")
    (folder / "folder").mkdir()
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("fifo", "folder", "link"):
        override, trouble = read_override(str(tmp_path), name)
        assert override is None
        assert trouble is not None
        assert trouble.startswith(f"mode file of {name}: ")


def test_a_folder_that_others_may_write_to_is_not_read(tmp_path: Path) -> None:
    write_override(str(tmp_path), "web", "standard", None)
    (tmp_path / "mode").chmod(0o777)
    override, trouble = read_override(str(tmp_path), "web")
    assert override is None
    assert trouble is not None
    assert "open to others" in trouble


@pytest.mark.parametrize("state", ["", "\0", "/dev/null", "no\nsuch"])
def test_no_state_folder_is_no_mode(state: str) -> None:
    assert read_override(state, "web")[0] is None
