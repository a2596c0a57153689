# SPDX-License-Identifier: GPL-2.0-or-later
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from lab import boot

pytestmark = pytest.mark.lab

SCENARIOS = Path(__file__).resolve().parent / "scenarios"


def work_folders() -> set[Path]:
    return set(Path("/tmp").glob("lvs-rawcheck-lab-*"))


def kernels_working_in(folders: set[Path]) -> list[str]:
    """Return the command lines of the processes that were started for one of these folders."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = process.read_bytes().decode("utf-8", "replace")
        except OSError:
            continue
        found += [command for folder in folders if str(folder) in command]
    return found


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_parent_of_kernel_in(pid: int, folder: Path) -> bool:
    return any(str(folder) in Path(f"/proc/{child}/cmdline").read_text() for child in children(pid))


def test_output_arguments_and_exit_status_come_back(tmp_path: Path) -> None:
    results = tmp_path / "results with blanks, and a 'quote'"
    words = ["two words", "it's", "$HOME", "ümlaut", ""]
    lines: list[str] = []
    assert boot.boot(SCENARIOS / "echo.py", results, ["3", *words], on_line=lines.append) == 3
    assert lines == words
    assert (results / "words").read_text() == "\n".join(words)


def test_a_scenario_that_does_not_end_is_ended(tmp_path: Path) -> None:
    before = work_folders()
    during: set[Path] = set()
    lines: list[str] = []

    def on_line(line: str) -> None:
        lines.append(line)
        during.update(work_folders() - before)

    started = time.monotonic()
    status = boot.boot(SCENARIOS / "stay.py", tmp_path, limit_s=15, on_line=on_line)
    assert lines == ["staying"]
    assert status == boot.NOT_RUN
    assert time.monotonic() - started < 20
    assert during
    assert not kernels_working_in(during)
    assert not any(folder.exists() for folder in during)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_kernel_outlives_its_host_process(tmp_path: Path, number: signal.Signals) -> None:
    before = work_folders()
    command = [boot.PYTHON, "-u", boot.__file__, str(tmp_path), str(SCENARIOS / "stay.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as host:
        assert host.stdout is not None
        assert host.stdout.readline() == b"staying\n"
        # Another laboratory may have begun at the same time; ours is the one that this process is the parent of.
        ours = {folder for folder in work_folders() - before if is_parent_of_kernel_in(host.pid, folder)}
        host.send_signal(number)
    assert len(ours) == 1
    deadline = time.monotonic() + 10
    while kernels_working_in(ours):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    for folder in ours:
        # Nothing can be cleared up by a process that was killed.
        assert folder.exists() == (number == signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def test_a_kernel_that_dies_takes_its_processes_with_it(tmp_path: Path) -> None:
    """They hold the pipe that its console is: whoever waited for the console's end would wait for them."""
    lines: list[str] = []
    ours: set[Path] = set()

    def kill_kernel(line: str) -> None:
        lines.append(line)
        ours.update(folder for folder in work_folders() if is_parent_of_kernel_in(os.getpid(), folder))
        for together in children(os.getpid()):
            for kernel in children(together):
                os.kill(kernel, signal.SIGKILL)

    started = time.monotonic()
    assert boot.boot(SCENARIOS / "stay.py", tmp_path, limit_s=60, on_line=kill_kernel) == boot.NOT_RUN
    assert time.monotonic() - started < 40
    assert lines == ["staying"]
    assert len(ours) == 1
    deadline = time.monotonic() + 10
    while kernels_working_in(ours):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_old_exit_status_is_not_taken_for_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "exit-status").write_text("0\n")
    status = boot.boot(SCENARIOS / "stay.py", tmp_path, limit_s=0.5)
    assert status == boot.NOT_RUN


def test_no_kernel_is_one_clear_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boot, "KERNEL", str(tmp_path / "linux.uml"))
    with pytest.raises(boot.BootError, match="user-mode-linux"):
        boot.boot(SCENARIOS / "echo.py", tmp_path)


def test_memory_lies_in_a_folder_that_exists() -> None:
    assert os.path.isdir(boot._memory_folder())
