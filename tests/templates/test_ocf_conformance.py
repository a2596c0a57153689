# SPDX-License-Identifier: GPL-2.0-or-later
"""The resource agent by the programs that judge resource agents, where they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.templates.ocf_agent import INSTANCE, SECONDS, SUCCESS, UNIMPLEMENTED, Agent, install

DTD = Path("/usr/share/resource-agents/ra-api-1.dtd")
GRAMMARS = [Path("/usr/share/resource-agents/metadata.rng"), Path("/usr/share/pcs/data/ocf-1.1.rng")]


@pytest.fixture
def agent() -> Iterator[Agent]:
    """Return the agent in a folder that other users may enter: the tester calls it as one."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield install(Path(folder))


def program(name: str) -> str:
    """Return where a program is; skip the test where it is missing."""
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if path is None:
        pytest.skip(f"no {name} here")
    return path


def complaints(command: list[str], octets: str | None = None) -> str:
    """Run a program that judges; return what it says where it does not agree."""
    done = subprocess.run(command, input=octets, capture_output=True, text=True, check=False, timeout=60)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def meta_data(agent: Agent) -> str:
    """Return what the agent says of itself; it needs no parameters for that."""
    agent.parameters = {}
    done = agent.run("meta-data")
    assert (done.returncode, done.stderr) == (SUCCESS, "")
    return done.stdout


def test_each_action_that_it_announces_is_one(agent: Agent) -> None:
    root = ElementTree.fromstring(meta_data(agent))
    actions = [action.attrib["name"] for action in root.iter("action")]
    assert sorted(actions) == ["meta-data", "monitor", "start", "stop", "validate-all"]
    agent.parameters = {"instance": INSTANCE}
    assert all(agent.run(action).returncode != UNIMPLEMENTED for action in actions)


def test_the_defaults_that_it_announces_are_those_that_it_takes(agent: Agent) -> None:
    root = ElementTree.fromstring(meta_data(agent))
    defaults = {
        parameter.attrib["name"]: content.get("default")
        for parameter in root.iter("parameter")
        for content in parameter.iter("content")
    }
    state, scripts = str(agent.folder / "state"), str(agent.folder / "scripts")
    assert defaults == {"instance": None, "state": state, "scripts": scripts}
    agent.parameters = {"instance": INSTANCE}
    assert agent.run("start").returncode == SUCCESS
    assert agent.role() == "1 MASTER"


def test_hostile_folders_stay_text(tmp_path: Path) -> None:
    odd = tmp_path / """<a> & "b" 'c' $(false) END_OF_META_DATA"""
    odd.mkdir()
    agent = install(odd)
    assert agent.run("start").returncode == SUCCESS
    assert agent.role() == "1 MASTER"
    contents = ElementTree.fromstring(meta_data(agent)).iter("content")
    assert [content.get("default") for content in contents] == [None, f"{odd}/state", f"{odd}/scripts"]


def test_the_document_type(agent: Agent) -> None:
    xmllint = program("xmllint")
    if not DTD.exists():
        pytest.skip(f"no {DTD} here")
    assert complaints([xmllint, "--noout", "--nonet", "--dtdvalid", str(DTD), "-"], meta_data(agent)) == ""


@pytest.mark.parametrize("grammar", GRAMMARS, ids=[path.name for path in GRAMMARS])
def test_grammars(agent: Agent, grammar: Path) -> None:
    xmllint = program("xmllint")
    if not grammar.exists():
        pytest.skip(f"no {grammar} here")
    assert complaints([xmllint, "--noout", "--nonet", "--relaxng", str(grammar), "-"], meta_data(agent)) == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: the tester becomes another user")
def test_ocf_tester(agent: Agent) -> None:
    """Its own list: meta-data, probes, start, stop and monitor, each twice, and what is optional."""
    words = ["-n", "lvs-role", "-o", f"instance={INSTANCE}", str(agent.path)]
    done = subprocess.run(
        [program("ocf-tester"), *words], capture_output=True, text=True, check=False, timeout=3 * SECONDS
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert f"{agent.path} passed all tests" in done.stdout
    assert agent.role() == "0 BACKUP"


def test_shellcheck(agent: Agent) -> None:
    assert complaints([program("shellcheck"), str(agent.path)]) == ""
