# SPDX-License-Identifier: GPL-2.0-or-later
"""Finding keepalived and asking it: real processes, whose program is called keepalived, in a namespace of their own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lvs_rawcheck.director.keepalived_inquiry import ask_for_dump, read_dump
from lvs_rawcheck.director.keepalived_process import Keepalived, command_line_options, find_keepalived
from lvs_rawcheck.errors import LinkError
from tests.director.keepalived_puppet import BEGINNING, ELSEWHERE, END, NAME, NOBODY, PAUSE_SECONDS
from tests.netns.topology import Host, Network, wait_until

pytestmark = pytest.mark.netns

NONE_HERE = "does not run here|none in this one"  # elsewhere on this machine there may be one
PUPPET = Path(__file__).with_name("keepalived_puppet.py")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python whose file is called keepalived."""
    path = tmp_path_factory.mktemp("sbin") / "keepalived"
    shutil.copy(Path(sys.executable).resolve(), path)
    return path


@pytest.fixture
def host(network: Network) -> Host:
    """A host without a keepalived."""
    return network.host("director")


class Stage:
    """Where puppets are started. folder: their TMPDIR."""

    def __init__(self, host: Host, program: Path, folder: Path) -> None:
        self.host = host
        self.program = program
        self.folder = folder
        self.pid_file = folder / "checkers.pid"

    def start(self, manner: str, *options: str, host: Host | None = None, writes_pid: bool = True) -> tuple[int, int]:
        """Start a puppet; return its number and its child's."""
        os.environ["TMPDIR"] = str(self.folder)
        told = self.pid_file if writes_pid else "-"
        argv = [str(self.program), str(PUPPET), manner, *options, "-c", str(self.pid_file), str(told)]
        try:
            child = (host or self.host).popen(argv)
        finally:
            del os.environ["TMPDIR"]
        assert child.stdout is not None
        lines = sorted([child.stdout.readline(), child.stdout.readline()])  # the parent's and the child's
        assert lines[0] == "ready\n"
        return child.pid, int(lines[1].split()[1])

    def find(self) -> Keepalived:
        """Look for keepalived on the host."""
        with self.host.entered():
            return find_keepalived()


@pytest.fixture
def stage(host: Host, program: Path, tmp_path: Path) -> Stage:
    """An empty stage."""
    return Stage(host, program, tmp_path)


def test_parent_child_and_options(stage: Stage) -> None:
    parent, child = stage.start("well", "-nlf", "/etc/site.conf", "--config-id=left")
    assert stage.find() == Keepalived(parent, [child], child, "/etc/site.conf", "left")


def test_without_a_pid_file_the_parent_is_asked_and_passes_it_on(stage: Stage) -> None:
    stage.start("well", writes_pid=False)
    found = stage.find()
    assert found.checker is None
    dump, _ = ask_for_dump(found)
    assert [each.key for each in dump.virtual_servers] == ["[10.0.0.100]:tcp:80"]


@pytest.mark.parametrize("number", ["1", "99999999", "0", "-1", "x", ""])
def test_a_pid_file_that_names_another_process_is_not_believed(stage: Stage, number: str) -> None:
    stage.start("well", writes_pid=False)
    stage.pid_file.write_text(number)
    assert stage.find().checker is None


def test_a_pid_file_that_is_a_link_or_a_fifo_is_none(stage: Stage) -> None:
    _, child = stage.start("well", writes_pid=False)
    (stage.folder / "number").write_text(str(child))
    stage.pid_file.symlink_to(stage.folder / "number")
    assert stage.find().checker is None
    stage.pid_file.unlink()
    os.mkfifo(stage.pid_file)
    assert stage.find().checker is None


def test_none_several_and_those_of_other_namespaces(stage: Stage, network: Network) -> None:
    with pytest.raises(LinkError, match=NONE_HERE):
        stage.find()
    stage.start("well", host=network.host("other"))
    with pytest.raises(LinkError, match=r"another network namespace \(process \d+\).*nsenter -t \d+ -n"):
        stage.find()
    first, _ = stage.start("well")
    assert stage.find().parent == first
    second, _ = stage.start("well")
    with pytest.raises(LinkError, match=f"several keepalived.*{min(first, second)}.*{max(first, second)}"):
        stage.find()


def test_a_process_that_only_calls_itself_keepalived_is_none(stage: Stage) -> None:
    command = "echo keepalived >/proc/self/comm; echo ready; read line"
    child = stage.host.popen(["bash", "-c", f"exec -a keepalived bash -c '{command}'"])
    assert child.stdout is not None
    child.stdout.readline()
    with pytest.raises(LinkError, match=NONE_HERE):
        stage.find()


def test_a_program_replaced_by_an_upgrade_is_keepalived_still(stage: Stage, tmp_path: Path) -> None:
    copy = tmp_path / "keepalived"
    shutil.copy(stage.program, copy)
    stage.program = copy
    parent, _ = stage.start("well")
    copy.unlink()
    assert stage.find().parent == parent


def test_the_first_process_of_a_container_is_found(stage: Stage) -> None:
    """It is number 1, and its parent is 0: seen from inside, by a process that sees no other numbers."""
    ask = "from lvs_rawcheck.director.keepalived_process import find_keepalived as f; print(f().parent, flush=True)"
    root = Path(__file__).parents[2]
    inside = f"import subprocess; subprocess.run(['/usr/bin/python3', '-c', {ask!r}], cwd={str(root)!r}, check=True)"
    command = ["unshare", "--pid", "--fork", "--mount-proc", str(stage.program), "-c", inside]
    assert stage.host.run(command).stdout == "1\n"


def test_without_root_it_is_said_that_root_is_needed(stage: Stage) -> None:
    stage.start("well")
    ask = "from lvs_rawcheck.director.keepalived_process import find_keepalived; find_keepalived()"
    root = Path(__file__).parents[2]
    copy = stage.folder / "for-nobody"
    shutil.copytree(root / "lvs_rawcheck", copy / "lvs_rawcheck", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(["chmod", "-R", "a+rX", stage.folder], check=True)
    for folder in stage.folder.parents[:2]:
        folder.chmod(0o755)
    become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "env", f"PYTHONPATH={copy}"]
    done = stage.host.run([*become, "/usr/bin/python3", "-c", ask], check=False)
    assert "this needs root" in done.stderr, done.stderr


def test_a_dump_is_read_once_it_is_whole(stage: Stage) -> None:
    """The file is there before its end is written."""
    stage.start("slow")
    began = time.monotonic()
    dump, written = ask_for_dump(stage.find())
    assert time.monotonic() - began >= PAUSE_SECONDS
    assert [each.key for each in dump.virtual_servers] == ["[10.0.0.100]:tcp:80"]
    assert abs(written - time.time()) < 5.0


def test_a_dump_from_before_is_not_taken_for_the_answer(stage: Stage) -> None:
    stage.start("dumb")
    (stage.folder / NAME).write_text(BEGINNING + END)
    with pytest.raises(LinkError, match=r"has not written its dump 0\.3 s after"):
        ask_for_dump(stage.find(), 0.3)


@pytest.mark.parametrize("manner", ["link", "world"])
def test_what_is_not_keepalived_s_own_file_is_not_read(stage: Stage, manner: str) -> None:
    stage.start(manner)
    with pytest.raises(LinkError, match="has not written its dump"):
        ask_for_dump(stage.find(), 0.5)
    assert (stage.folder / (ELSEWHERE if manner == "link" else NAME)).exists(), "it did write"


def test_a_second_name_of_somebody_s_file_is_not_read(stage: Stage) -> None:
    """Where protected_hardlinks is off, anybody can give root's files a further name in /tmp."""
    stage.start("dumb")
    (stage.folder / "secret").write_text(BEGINNING + END)
    found = stage.find()

    def link_soon() -> None:
        os.link(stage.folder / "secret", stage.folder / NAME)

    signal.signal(signal.SIGALRM, lambda number, frame: link_soon())
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(LinkError, match="has not written its dump"):
            ask_for_dump(found, 0.4)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    assert (stage.folder / NAME).exists()


def test_a_dump_cut_short_is_said_to_be(stage: Stage) -> None:
    stage.start("cut")
    with pytest.raises(LinkError, match="cut short"):
        ask_for_dump(stage.find())


def test_a_process_that_the_signal_would_end_is_not_signalled(stage: Stage) -> None:
    _, child = stage.start("mortal")
    with pytest.raises(LinkError, match="does not expect the signal"):
        ask_for_dump(stage.find())
    os.kill(child, 0)


def test_a_process_that_ends_when_it_is_asked_is_not_waited_for(stage: Stage) -> None:
    stage.start("ends")
    began = time.monotonic()
    with pytest.raises(LinkError, match="ended when it was asked"):
        ask_for_dump(stage.find())
    assert time.monotonic() - began < 5.0


def test_a_process_that_is_gone(stage: Stage) -> None:
    _, child = stage.start("well")
    found = stage.find()
    os.kill(child, signal.SIGKILL)
    wait_until(lambda: "Z" in Path(f"/proc/{child}/stat").read_text().rpartition(")")[2][:3], "the child has ended")
    with pytest.raises(LinkError):
        ask_for_dump(found)


def test_no_descriptor_is_left_open(stage: Stage) -> None:
    stage.start("well")
    found = stage.find()
    ask_for_dump(found)
    before = len(os.listdir("/proc/self/fd"))
    ask_for_dump(found)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_dump_made_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_text(BEGINNING + END)
    assert len(read_dump(str(path))[0].virtual_servers) == 1
    os.mkfifo(tmp_path / "fifo")
    for name, sentence in (("fifo", "no file"), ("none", "No such file"), (".", "no file|directory")):
        with pytest.raises(LinkError, match=sentence):
            read_dump(str(tmp_path / name))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], {}),
        (["-f", "/a"], {"f": "/a"}),
        (["-f/a"], {"f": "/a"}),
        (["-nlDf", "/a", "-i", "left"], {"f": "/a", "i": "left"}),
        (["-nif", "/a"], {"i": "f"}),
        (["--use-file=/a", "--config-id", "left", "--checkers_pid=/c"], {"f": "/a", "i": "left", "c": "/c"}),
        (["-g/tmp/log", "-mM/core", "-f", "/a"], {"f": "/a"}),
        (["-f", "/a", "--use-file", "/b"], {"f": "/b"}),
        (["-f"], {"f": ""}),
        (["--dont-fork", "--log-detail"], {}),
    ],
)
def test_options_of_a_command_line(words: list[str], found: dict[str, str]) -> None:
    assert {name: value for name, value in command_line_options(words).items() if name in "fic"} == found
