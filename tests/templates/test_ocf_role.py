# SPDX-License-Identifier: GPL-2.0-or-later
"""The resource agent: what it answers is what the checks read, and a stop does not fail that could be made."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lvs_rawcheck.director.role import MASTER, read_role
from tests.templates.ocf_agent import (
    ARGS,
    CONFIGURED,
    GENERIC,
    INSTALLED,
    INSTANCE,
    NOT_RUNNING,
    PERM,
    REASON,
    SUCCESS,
    UNIMPLEMENTED,
    Agent,
    install,
)

SHELLS = {"dash": ("dash",), "bash": ("bash",), "bash as sh": ("bash", "--posix"), "busybox": ("busybox", "sh")}
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it gives a folder away")


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    """Return a resource that was never started."""
    return install(tmp_path)


# A resource's life.


@pytest.mark.parametrize("shell", SHELLS)
def test_a_life(agent: Agent, shell: str) -> None:
    """As ocf-tester goes through it: each action twice."""
    program, *options = SHELLS[shell]
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"no {program} here")
    agent.shell = (path, *options)
    for action, status, role in (
        ("validate-all", SUCCESS, None),
        ("monitor", NOT_RUNNING, None),
        ("stop", SUCCESS, "0 BACKUP"),
        ("start", SUCCESS, "1 MASTER"),
        ("monitor", SUCCESS, "1 MASTER"),
        ("start", SUCCESS, "1 MASTER"),
        ("monitor", SUCCESS, "1 MASTER"),
        ("stop", SUCCESS, "0 BACKUP"),
        ("monitor", NOT_RUNNING, "0 BACKUP"),
        ("stop", SUCCESS, "0 BACKUP"),
        ("monitor", NOT_RUNNING, "0 BACKUP"),
        ("start", SUCCESS, "1 MASTER"),
    ):
        done = agent.run(action)
        assert (done.returncode, done.stdout, done.stderr) == (status, "", ""), action
        assert (agent.role() if agent.role_file.exists() else None) == role, action


def test_the_role_file_is_as_the_checks_want_it(agent: Agent) -> None:
    agent.run("start")
    assert read_role(str(agent.role_file)) == (MASTER, None)
    assert stat.S_IMODE(agent.role_file.stat().st_mode) == 0o644
    assert stat.S_IMODE(agent.role_file.parent.stat().st_mode) == 0o755
    assert sorted(path.name for path in agent.role_file.parent.iterdir()) == [".lock", INSTANCE]


def test_a_boot_forgets_the_role(agent: Agent) -> None:
    """/run is in memory: what was started when the node went down is stopped, and can be started."""
    agent.run("start")
    shutil.rmtree(agent.folder / "state")
    assert [agent.status(action) for action in ("monitor", "start", "monitor")] == [NOT_RUNNING, SUCCESS, SUCCESS]


def test_a_resource_that_outlived_its_manager_is_found(agent: Agent) -> None:
    """After a crash the manager probes: what runs is taken over, and can be stopped."""
    agent.run("start")
    agent.parameters["CRM_meta_interval"] = "0"
    assert [agent.status(action) for action in ("monitor", "stop", "monitor")] == [SUCCESS, SUCCESS, NOT_RUNNING]


def test_instances_are_apart(agent: Agent) -> None:
    agent.run("start")
    other = Agent(agent.folder, {"instance": "Mail.v6_2-b"})
    assert other.status("monitor") == NOT_RUNNING
    assert (other.status("start"), agent.status("stop"), other.status("monitor")) == (SUCCESS, SUCCESS, SUCCESS)


def test_parameters_lead_elsewhere(agent: Agent) -> None:
    scripts, state = agent.folder / "it's $HOME", agent.folder / "a state"
    agent.notify.parent.rename(scripts)
    scripts.joinpath("ocf-role").rename(agent.folder / "agent")
    agent.path.parent.mkdir()
    (agent.folder / "agent").rename(agent.path)
    assert agent.status("start") == INSTALLED
    agent.parameters |= {"scripts": str(scripts), "state": str(state)}
    assert agent.status("start") == SUCCESS
    assert (state / "role" / INSTANCE).read_text()[0] == "1"
    assert not agent.role_file.exists()


# What the monitor makes of what it finds: the same as a check.


def nothing(path: Path) -> None:
    """Leave the place empty."""


def a_folder(path: Path) -> None:
    path.mkdir()


def a_fifo(path: Path) -> None:
    os.mkfifo(path)


def text(octets: bytes) -> Callable[[Path], None]:
    """Return what writes a file of these octets."""

    def write(path: Path) -> None:
        path.write_bytes(octets)

    return write


def a_link_to_a_master(path: Path) -> None:
    (path.parent / "elsewhere").write_text("1\n")
    path.symlink_to("elsewhere")


FOUND = {
    "nothing": nothing,
    "a folder": a_folder,
    "a FIFO": a_fifo,
    "an empty file": text(b""),
    "1": text(b"1"),
    "1 and much more": text(b"1" * 100_000),
    "10": text(b"10\n"),
    "0": text(b"0\n"),
    "a blank": text(b" 1\n"),
    "a line end": text(b"\n1\n"),
    "NUL": text(b"\x001\n"),
    "no ASCII": text("¹".encode()),
    "a link": a_link_to_a_master,
}


@pytest.mark.parametrize("found", FOUND)
def test_the_monitor_reads_what_the_checks_read(agent: Agent, found: str) -> None:
    agent.role_file.parent.mkdir(parents=True)
    FOUND[found](agent.role_file)
    expected = SUCCESS if read_role(str(agent.role_file))[0] == MASTER else NOT_RUNNING
    assert agent.status("monitor") == expected
    assert expected == (SUCCESS if found.startswith("1") or found == "a link" else NOT_RUNNING)


# Nodes where something is missing.


def test_a_probe_where_nothing_is_installed(agent: Agent) -> None:
    agent.notify.unlink()
    assert [agent.status(action) for action in ("monitor", "stop")] == [NOT_RUNNING, SUCCESS]
    assert not (agent.folder / "state").exists()
    for action in ("start", "validate-all"):
        done = agent.run(action)
        assert (done.returncode, done.stderr) == (INSTALLED, f"{REASON}there is no program {agent.notify}\n")


def test_a_script_that_nobody_may_execute(agent: Agent) -> None:
    agent.notify.chmod(0o644)
    assert [agent.status(action) for action in ("start", "validate-all", "stop")] == [INSTALLED, INSTALLED, SUCCESS]


def test_what_was_removed_while_it_was_in_use_can_be_stopped(agent: Agent) -> None:
    agent.run("start")
    agent.notify.unlink()
    assert agent.status("monitor") == SUCCESS
    done = agent.run("stop")
    assert (done.returncode, agent.role_file.exists()) == (SUCCESS, False)
    assert f"role: {agent.role_file} still says MASTER, so it is removed\n" in done.stderr
    assert agent.status("monitor") == NOT_RUNNING


@pytest.mark.parametrize(
    ("exit_status", "reason"), [(0, "{} was written by somebody else meanwhile"), (1, "cannot write {}")]
)
def test_a_start_is_believed_only_when_the_file_says_so(agent: Agent, exit_status: int, reason: str) -> None:
    """0 is the notify script's answer also where it was overtaken by a later one, keepalived's for instance."""
    agent.notify.write_text(f"#!/bin/sh\nexit {exit_status}\n")
    done = agent.run("start")
    assert (done.returncode, done.stderr) == (GENERIC, f"{REASON}{reason.format(agent.role_file)}\n")


def test_a_start_waits_until_the_role_is_written(agent: Agent) -> None:
    """Another script has the lock; whatever is started after us finds the role."""
    folder = agent.role_file.parent
    folder.mkdir(parents=True)
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = [str(agent.path), "start"]
        with subprocess.Popen(command, env={"OCF_RESKEY_instance": INSTANCE}) as start:
            with pytest.raises(subprocess.TimeoutExpired):
                start.wait(timeout=0.3)
            assert not agent.role_file.exists()
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert start.wait(timeout=10) == SUCCESS
    assert agent.role() == "1 MASTER"


# Folders that are not ours.


def test_a_folder_that_is_a_link(agent: Agent) -> None:
    elsewhere = agent.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / INSTANCE).write_text("1 not ours\n")
    agent.role_file.parent.parent.mkdir()
    agent.role_file.parent.symlink_to(elsewhere)
    assert [agent.status(action) for action in ("start", "validate-all")] == [PERM, PERM]
    # The checks, too, read it as MASTER, and it is not ours to remove.
    assert agent.status("monitor") == SUCCESS
    done = agent.run("stop")
    assert (done.returncode, (elsewhere / INSTANCE).read_text()) == (GENERIC, "1 not ours\n")
    assert done.stderr.endswith(f"{REASON}cannot change {agent.role_file}, which says MASTER\n")


@needs_root
def test_a_folder_of_another_user(agent: Agent) -> None:
    agent.role_file.parent.mkdir(parents=True)
    os.chown(agent.role_file.parent, 65534, 65534)
    assert agent.status("start") == PERM
    assert agent.status("stop") == SUCCESS
    assert list(agent.role_file.parent.iterdir()) == []


def test_a_folder_that_cannot_be_made(agent: Agent) -> None:
    (agent.folder / "state").write_text("a file")
    assert [agent.status(action) for action in ("monitor", "start", "stop")] == [NOT_RUNNING, GENERIC, SUCCESS]


# Bad parameters and words.

BAD_PARAMETERS = [
    {},
    {"instance": ""},
    *({"instance": name} for name in ("../x", "a/b", ".hidden", "a..b", "a b", "a\nb", "-x", "é", "a" * 201)),
    {"instance": INSTANCE, "state": "run/lvs-rawcheck"},
    {"instance": INSTANCE, "scripts": "."},
]


@pytest.mark.parametrize("parameters", BAD_PARAMETERS, ids=repr)
def test_parameters_that_fit_no_node(agent: Agent, parameters: dict[str, str]) -> None:
    agent.parameters = parameters
    for action in ("start", "monitor", "validate-all"):
        done = agent.run(action)
        assert (done.returncode, done.stderr.startswith(REASON)) == (CONFIGURED, True), action
    assert agent.status("stop") == SUCCESS  # a failure would have the node fenced
    assert not (agent.folder / "state").exists()


def test_the_longest_name(agent: Agent) -> None:
    agent.parameters["instance"] = "a" * 200
    assert [agent.status(action) for action in ("start", "monitor")] == [SUCCESS, SUCCESS]


@pytest.mark.parametrize("action", ["promote", "demote", "migrate_to", "reload", "notify", "status", "", "-h"])
def test_other_actions(agent: Agent, action: str) -> None:
    done = agent.run(action)
    assert (done.returncode, done.stdout) == (UNIMPLEMENTED, "")
    assert done.stderr.startswith("usage: ")


@pytest.mark.parametrize("words", [(), ("start", "now")])
def test_other_numbers_of_words(agent: Agent, words: tuple[str, ...]) -> None:
    assert agent.run(*words).returncode == ARGS
    assert not agent.role_file.exists()


def test_usage(agent: Agent) -> None:
    done = agent.run("usage")
    assert (done.returncode, done.stderr) == (SUCCESS, "")
    assert f"({agent.folder}/state)" in done.stdout
