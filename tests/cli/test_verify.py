# SPDX-License-Identifier: GPL-2.0-or-later
"""`verify` as a command where there is no keepalived, no IPVS or no sense: 2 and a sentence, never 0 and never 1."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import NOBODY, Desk, Outcome
from tests.cli.conftest import desk
from tests.director.keepalived_puppet import BEGINNING, END
from tests.netns.topology import Host, Network

__all__ = ["desk"]
pytestmark = pytest.mark.netns

PUPPET = Path(__file__).parents[1] / "director" / "keepalived_puppet.py"
CONFIG = "virtual_server 10.0.0.100 80 {\n    real_server 10.0.0.42 80 {\n    }\n}\n"


@pytest.fixture
def host(network: Network) -> Host:
    """A host without a keepalived."""
    return network.host("director")


def verify(desk: Desk, *arguments: str, host: Host | None = None) -> Outcome:
    """Run it with the desk's folders."""
    return desk.run(host, "lvs-rawcheck", "verify", *desk.own_folders(), *arguments)


def test_help(desk: Desk) -> None:
    outcome = desk.run(None, "lvs-rawcheck", "verify", "--help")
    assert outcome.status == 0
    assert "CONFIG" in outcome.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["a", "b"], "wanted: [CONFIG]"),
        (["--nonsense"], "--nonsense"),
        (["--dump"], "--dump"),
        ([], "keepalived"),
        (["/no/such/config"], "keepalived"),
    ],
)
def test_what_cannot_be_compared(desk: Desk, arguments: list[str], sentence: str) -> None:
    outcome = verify(desk, *arguments)
    assert (outcome.status, outcome.stdout) == (2, "")
    assert sentence in outcome.stderr
    assert outcome.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("config", "dump", "sentence"),
    [
        (None, BEGINNING + END, "keepalived.conf"),
        (CONFIG, "not a dump\n", "not a dump"),
        (CONFIG, (BEGINNING + END)[:-5], "cut short"),
        (CONFIG, None, "No such file"),
    ],
)
def test_files_that_cannot_be_read(desk: Desk, config: str | None, dump: str | None, sentence: str) -> None:
    for name, text in (("keepalived.conf", config), ("dump", dump)):
        if text is not None:
            desk.file(name, text)
    outcome = verify(desk, "--dump", str(desk.folder / "dump"), str(desk.folder / "keepalived.conf"))
    assert (outcome.status, outcome.stdout) == (2, "")
    assert sentence in outcome.stderr


@pytest.mark.skipif(os.path.exists("/proc/net/ip_vs"), reason="this kernel has IPVS")
def test_a_kernel_without_a_table_is_not_an_empty_table(desk: Desk) -> None:
    desk.file("dump", BEGINNING + END)
    desk.file("keepalived.conf", CONFIG)
    outcome = verify(desk, "--dump", str(desk.folder / "dump"), str(desk.folder / "keepalived.conf"))
    assert outcome.status == 2
    assert "has no IPVS table" in outcome.stderr


@pytest.fixture
def keepalived(desk: Desk, host: Host) -> Iterator[None]:
    """A process that passes for keepalived, started with a relative path of a configuration."""
    program = desk.folder / "keepalived"
    shutil.copy(Path(sys.executable).resolve(), program)
    child = host.popen([str(program), str(PUPPET), "well", "-f", "site.conf", str(desk.folder / "checkers.pid")])
    assert child.stdout is not None
    assert len([child.stdout.readline(), child.stdout.readline()]) == 2
    yield
    child.terminate()
    child.wait()


@pytest.mark.usefixtures("keepalived")
def test_a_relative_path_is_nobody_s_to_guess(desk: Desk, host: Host) -> None:
    outcome = verify(desk, host=host)
    assert outcome.status == 2
    assert "name the file" in outcome.stderr


@pytest.mark.usefixtures("keepalived")
def test_without_root_it_says_that_it_needs_it(desk: Desk, host: Host) -> None:
    desk.become = NOBODY
    outcome = verify(desk, str(desk.file("keepalived.conf", CONFIG)), host=host)
    assert outcome.status == 2
    assert "this needs root" in outcome.stderr
