# SPDX-License-Identifier: GPL-2.0-or-later
"""examples/ldirectord/pacemaker, decided upon by Pacemaker's scheduler: a role that fails takes nothing with it.

crm_simulate needs no cluster. It is given the configuration, and what happens to it, and tells what would be done.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.templates.ocf_agent import SECONDS

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "ldirectord" / "pacemaker"
CIB = EXAMPLE / "cib.xml"
NODES = ("--node-up", "lb1", "--node-up", "lb2")
PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
Facts = set[tuple[str, ...]]


def program(name: str) -> str:
    """Return where a program is; skip the test where it is missing."""
    path = shutil.which(name, path=PATH)
    if path is None:
        pytest.skip(f"no {name} here")
    return path


def run(command: list[str], folder: Path, **environment: str) -> str:
    """Run a program that keeps its scratch files in a folder; return what it says."""
    variables = {"PATH": PATH, "CIB_shadow_dir": str(folder), "HOME": str(folder), **environment}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=3 * SECONDS)
    assert done.returncode == 0, done.stderr
    return done.stdout


def after(seconds: int) -> str:
    """Return the time that it will be, as the scheduler reads it (ISO 8601)."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%SZ")


class Cluster:
    """Two nodes with the example's resources, all on lb1, and what becomes of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cib = folder / "now.xml"
        text = CIB.read_text()
        settings = "".join(
            f'<nvpair id="{name}" name="{name}" value="{value}"/>'
            for name, value in (("stonith-enabled", "false"), ("no-quorum-policy", "ignore"))
        )
        assert "<crm_config/>" in text
        options = f'<crm_config><cluster_property_set id="of-the-test">{settings}</cluster_property_set></crm_config>'
        self.cib.write_text(text.replace("<crm_config/>", options))

    def happen(self, *events: str) -> list[str]:
        """Let something happen; return the actions, as `role start on lb1`, that the scheduler has carried out."""
        command = [program("crm_simulate"), "-S", "-x", str(self.cib), "-O", str(self.cib), *events]
        told = run(command, self.folder)
        return [" ".join(words) for words in re.findall(r"Resource action: (\S+)\s+(\w+) (on lb\d)", told)]

    def stand_by(self, node: str) -> None:
        """Ask a node to give up all that it has."""
        standby = (
            '<instance_attributes id="asked"><nvpair id="standby" name="standby" value="on"/></instance_attributes>'
        )
        text, changed = re.subn(rf'(<node [^>]*uname="{node}"[^>]*)/>', rf"\1>{standby}</node>", self.cib.read_text())
        assert changed == 1
        self.cib.write_text(text)

    def places(self) -> dict[str, str]:
        """Return where each resource is, with what is wrong with it."""
        told = run([program("crm_simulate"), "-x", str(self.cib)], self.folder)
        return dict(re.findall(r"\* (\w+)\s+\(ocf:\S+\):\s+(.*)", told))


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    """Return the cluster when it has started."""
    cluster = Cluster(tmp_path)
    actions = cluster.happen(*NODES)
    assert [action for action in actions if " start " in action] == [
        "vip start on lb1",
        "role start on lb1",
        "ldirectord start on lb1",
    ]
    return cluster


def test_a_lost_role_is_taken_again_and_nothing_else_is_touched(cluster: Cluster) -> None:
    actions = cluster.happen("--op-inject", "role_monitor_10000@lb1=7")
    assert actions == ["role stop on lb1", "role start on lb1"]


def test_a_move_goes_in_turn(cluster: Cluster) -> None:
    cluster.stand_by("lb1")
    actions = cluster.happen()
    assert [action for action in actions if " stop " in action or " start " in action] == [
        "ldirectord stop on lb1",
        "role stop on lb1",
        "vip stop on lb1",
        "vip start on lb2",
        "role start on lb2",
        "ldirectord start on lb2",
    ]


def test_a_node_that_fails_takes_no_role_along(cluster: Cluster) -> None:
    cluster.happen("--node-down", "lb1")
    assert cluster.places() == dict.fromkeys(("vip", "role", "ldirectord"), "Started lb2")


def test_without_a_role_all_else_goes_on_where_it_was(tmp_path: Path) -> None:
    """The notify script is missing on both nodes."""
    cluster = Cluster(tmp_path)
    for node in ("lb1", "lb2"):
        cluster.happen(*NODES, "--op-fail", f"role_start_0@{node}=5")
    assert cluster.places() == {"vip": "Started lb1", "ldirectord": "Started lb1", "role": "Stopped"}
    assert cluster.happen() == []
    assert cluster.happen("--set-datetime", after(seconds=300)) == ["role start on lb1"]


def test_a_role_that_cannot_be_given_up_holds_nothing_back(cluster: Cluster) -> None:
    cluster.stand_by("lb1")
    cluster.happen("--op-fail", "role_stop_0@lb1=1")
    cluster.happen()
    places = cluster.places()
    assert (places["vip"], places["ldirectord"]) == ("Started lb2", "Started lb2")
    assert places["role"] == "FAILED lb1 (blocked)"


# What the two tools make of the example's lines.


def facts(cib: ElementTree.Element) -> Facts:
    """Return what a configuration says of resources and constraints, without the names of its parts."""
    found: Facts = {("group", *(each.attrib["id"] for each in group)) for group in cib.iter("group")}
    for resource in cib.iter("primitive"):
        name = resource.attrib["id"]
        found.add((name, *(resource.attrib[part] for part in ("class", "provider", "type"))))
        for value in resource.iter("nvpair"):
            found.add((name, value.attrib["name"], value.attrib["value"]))
        for operation in resource.iter("op"):
            found.add((name, *sorted(f"{key}={value}" for key, value in operation.items() if key != "id")))
    for each in cib.iter("rsc_colocation"):
        found.add(("with", each.attrib["rsc"], each.attrib["with-rsc"], each.attrib["score"]))
    for each in cib.iter("rsc_order"):
        found.add(("order", each.attrib["first"], each.attrib["then"], each.attrib["kind"]))
    return found


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """Return a configuration without resources."""
    cib = tmp_path / "empty.xml"
    cib.write_text(run([program("cibadmin"), "--empty", "pacemaker-3.9"], tmp_path))
    return cib


@pytest.mark.full
def test_crm(empty: Path) -> None:
    command = [program("crm"), "-F", "configure", "load", "update", str(EXAMPLE / "cluster.crm")]
    run(command, empty.parent, CIB_file=str(empty))
    assert facts(ElementTree.parse(empty).getroot()) == facts(ElementTree.parse(CIB).getroot())


@pytest.mark.full
def test_pcs(empty: Path) -> None:
    """--force: whether or not the agent is installed here. pcs adds operations that are not asked for."""
    pcs = f"{program('pcs')} -f {empty}"
    text = (EXAMPLE / "cluster.pcs").read_text().replace("\npcs ", f"\n{pcs} ").replace(" create ", " create --force ")
    run(["/bin/sh", "-c", text], empty.parent)
    assert facts(ElementTree.parse(CIB).getroot()) <= facts(ElementTree.parse(empty).getroot())
