# SPDX-License-Identifier: GPL-2.0-or-later
"""`generate scripts`: what other programs call is put in its place, whole, executable, and calls this program."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lvs_rawcheck.cli.generate import run

CHECKOUT = Path(__file__).resolve().parents[2]


def write_scripts(folder: Path) -> int:
    """Run the command; return its exit status."""
    folders = {"scripts": "scripts", "services": "services.d", "state": "state"}
    return run(["scripts", *(f"--{option}={folder}/{name}" for option, name in folders.items())])


def test_scripts_are_put_in_place_and_call_this_program(tmp_path: Path) -> None:
    assert write_scripts(tmp_path) == 0
    scripts = tmp_path / "scripts"
    assert sorted(path.name for path in scripts.iterdir()) == ["notify", "ocf-role", "verdict"]
    assert all(path.stat().st_mode & 0o7777 == 0o755 for path in scripts.iterdir())
    done = subprocess.run([scripts / "verdict", "tcp-a-80/10.0.0.42"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{tmp_path}/services.d: cannot read the registry" in done.stderr
    role = [str(scripts / "notify"), "-s", str(tmp_path / "state"), "MASTER", "VI_1"]
    subprocess.run(role, check=True, timeout=20)
    role_file = tmp_path / "state" / "role" / "VI_1"
    assert role_file.read_text().startswith("1")
    subprocess.run([scripts / "ocf-role", "stop"], env={"OCF_RESKEY_instance": "VI_1"}, check=True, timeout=20)
    assert role_file.read_text().startswith("0")


def test_what_is_there_is_replaced_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    old = tmp_path / "scripts" / "verdict"
    old.write_text("the old one\n")
    with old.open() as still_running:
        assert write_scripts(tmp_path) == 0
        assert still_running.read() == "the old one\n"
    assert old.read_text().startswith("#!/bin/sh\n")


def test_a_folder_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "scripts").write_text("a file")
    assert write_scripts(tmp_path) == 2
    assert "cannot write" in capsys.readouterr().err
    assert (tmp_path / "scripts").read_text() == "a file"


def test_in_a_tree_they_call_what_is_installed_there(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    assert run(["scripts", "--root", str(tmp_path / "tree")]) == 0
    scripts = tmp_path / "tree" / "usr" / "lib" / "lvs-rawcheck"
    text = (scripts / "verdict").read_text()
    assert "\nprogram=/usr/bin/lvs-rawcheck\n" in text
    assert "\nstate=/run/lvs-rawcheck\n" in text
    assert not any(str(tmp_path) in path.read_text() for path in scripts.iterdir())


def test_a_tree_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scripts", "--root", str(tmp_path / "tree")]) == 2
    assert "no folder" in capsys.readouterr().err
