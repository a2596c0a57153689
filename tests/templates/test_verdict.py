# SPDX-License-Identifier: GPL-2.0-or-later
"""The verdict script, as rendered: it is the check, and ends with 0 or 1 whatever happens."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from lvs_rawcheck.daemon.alive import Alive
from lvs_rawcheck.registry.templates import Templates
from tests.cli.commands import LAUNCHER, Desk
from tests.cli.conftest import desk, site
from tests.cli.registry_desk import CHECK, register, service
from tests.cli.site import CLOSED_PORT, PORT, VIP, Site

__all__ = ["desk", "site"]
pytestmark = pytest.mark.netns


def verdict(folder: Path, services: Path, python: str = "/usr/bin/python3", launcher: str = str(LAUNCHER)) -> Path:
    """Return the script, rendered."""
    text = Templates(str(folder / "no overrides")).render(
        "verdict", python=python, launcher=launcher, services_folder=str(services), state_folder=str(folder / "state")
    )
    path = folder / "verdict"
    path.write_text(text)
    path.chmod(0o755)
    return path


def run(script: Path, *words: str, site: Site | None = None) -> subprocess.CompletedProcess[str]:
    """Run the script with an environment that means no good."""
    hostile = {"PATH": "/nowhere", "ENV": "/nowhere", "PYTHONPATH": "/nowhere", "PYTHONHOME": "/nowhere", "CDPATH": "/"}
    command = [str(script), *words]
    if site is None:
        return subprocess.run(command, env=hostile, capture_output=True, text=True, check=False, timeout=20)
    with site.director.entered():
        return subprocess.run(command, env=hostile, capture_output=True, text=True, check=False, timeout=20)


def test_it_is_the_check(desk: Desk, site: Site) -> None:
    register(desk, service())
    script = verdict(desk.folder, desk.services)
    assert run(script, CHECK, site=site).returncode == 0
    assert (desk.state / "last" / CHECK).read_text().split()[2] == "0"
    register(desk, service(endpoints=[f"{VIP}:{CLOSED_PORT}"]))
    assert run(script, CHECK, site=site).returncode == 1
    assert run(script, "-s", str(desk.folder / "other"), CHECK, site=site).returncode == 1
    assert (desk.folder / "other" / "last" / CHECK).exists()


def test_where_the_daemon_has_died_it_takes_a_slot_and_is_the_check(desk: Desk, site: Site) -> None:
    alive = Alive(str(desk.state))
    alive.note(1.0)
    alive.close()
    register(desk, service())
    script = verdict(desk.folder, desk.services)
    last = desk.state / "last" / CHECK
    assert run(script, CHECK, site=site).returncode == 0
    written = last.stat().st_mtime_ns
    register(desk, service(endpoints=[f"{VIP}:{CLOSED_PORT}"]))
    assert run(script, CHECK, site=site).returncode == 0
    assert last.stat().st_mtime_ns == written
    words = last.read_text().split()
    last.write_text(" ".join([str(int(words[0]) - 30), *words[1:]]) + "\n")
    assert run(script, CHECK, site=site).returncode == 1
    assert last.read_text().split()[2] == "1"


@pytest.mark.parametrize(
    "words", [[], ["-s"], ["-s", ""], ["-s", "x"], ["a", "b"], ["-h"], ["--help"], [""], ["no/1.2.3.4"]]
)
def test_anything_else_is_1(desk: Desk, words: list[str]) -> None:
    done = run(verdict(desk.folder, desk.services), *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr


@pytest.mark.parametrize("missing", ["python", "launcher"])
def test_a_program_that_is_not_there_is_1(desk: Desk, missing: str) -> None:
    register(desk, service())
    script = verdict(desk.folder, desk.services, **{missing: "/no such/program"})
    done = run(script, CHECK)
    assert (done.returncode, done.stderr) == (1, "verdict: there is no program /no such/program\n")


def test_a_program_that_cannot_be_started_is_1(desk: Desk) -> None:
    broken = desk.file("python", "#!/no/such/interpreter\n")
    broken.chmod(0o755)
    assert run(verdict(desk.folder, desk.services, python=str(broken)), CHECK).returncode == 1


def test_paths_are_words_whatever_they_hold(desk: Desk, site: Site) -> None:
    odd = desk.folder / "a b'$(false)\";#"
    desk.services.rename(odd)
    desk.services = odd
    register(desk, service(endpoints=[f"{VIP}:{PORT}"]))
    assert run(verdict(desk.folder, odd), CHECK, site=site).returncode == 0


def test_no_word_of_it_asks_the_environment(desk: Desk) -> None:
    text = verdict(desk.folder, desk.services).read_text()
    names = set(re.findall(r"\$\{?([A-Za-z0-9_#]+)", text))
    assigned = set(re.findall(r"(?<![\w$-])(\w+)=", text)) | {"part"}
    read = {name for line in re.findall(r"read -r ([\w ]+) <", text) for name in line.split()}
    assert names - {"1", "2", "#"} <= assigned | read
