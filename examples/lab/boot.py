# SPDX-License-Identifier: GPL-2.0-or-later
"""Boot the laboratory kernel on this host, run one scenario in it, and come back with its exit status.

User-mode Linux is a kernel that runs as an ordinary process (Debian: user-mode-linux). Its root is the host's
own file tree, read-only, so that nothing is changed but the results folder; its memory is a file without a
name. Needs no privilege on the host: root inside is an ordinary user outside.

Invariants: `boot` ends within `limit_s` plus a second, and no process of the laboratory outlives it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
INSIDE = Path("/opt/lvs-rawcheck")
"""Where the checkout lies inside the laboratory."""

PARTS = ("lvs_rawcheck", "templates", "examples", "tests")
"""The folders of the checkout that are copied into the laboratory."""

KERNEL = "/usr/bin/linux.uml"
PYTHON = "/usr/bin/python3"
MEMORY = "1G"
MEMORY_OCTETS = 1 << 30
_TOGETHER = """
trap 'exit 143' TERM
trap 'kill -KILL $! -$! 2>/dev/null; wait' EXIT
"$@" &
wait
"""
"""For sh: run the kernel, and see to it on SIGTERM, and when it has ended by itself, that nothing of it is left.

A kernel that dies, and at times one that gets a signal, leaves the processes that hold its address spaces. They are of
the session that it makes for itself.
"""
BEGIN = "lab: begin"
END = "lab: end"
"""The lines with which `init` says that what lies between them is the scenario's own output."""

NOT_RUN = 70
"""Exit status when the scenario did not come to its end (EX_SOFTWARE of sysexits.h)."""


class BootError(Exception):
    """The laboratory could not be started on this host."""


def boot(
    scenario: Path,
    results: Path,
    arguments: Sequence[str] = (),
    *,
    limit_s: float = 240.0,
    on_line: Callable[[str], None] = print,
) -> int:
    """Return the exit status of `scenario`, run inside; NOT_RUN when it did not end within `limit_s` seconds.

    scenario: a Python file of the checkout, below one of PARTS.
    results: made if missing; inside it is /run/lab/results. console.log, the kernel's console, is left there.
    on_line: called with every line that the scenario prints, as it prints it.
    """
    if not os.access(KERNEL, os.X_OK):
        raise BootError(f"no {KERNEL} (Debian package user-mode-linux)")
    results.mkdir(parents=True, exist_ok=True)
    (results / "exit-status").unlink(missing_ok=True)
    # Named outright: TMPDIR may hold blanks, and the kernel's command line is split at blanks.
    work = Path(tempfile.mkdtemp(prefix="lvs-rawcheck-lab-", dir="/tmp"))
    try:
        _prepare(work, scenario, results, arguments)
        root = ("root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro")
        init = (f"init={work}/checkout/examples/lab/init", f"LAB_WORK={work}")
        run_kernel((*root, *init), work, results / "console.log", limit_s, on_line)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return _exit_status(results)


def _prepare(work: Path, scenario: Path, results: Path, arguments: Sequence[str]) -> None:
    checkout = work / "checkout"
    checkout.mkdir()
    for part in PARTS:
        if (CHECKOUT / part).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", ".*_cache")
            shutil.copytree(CHECKOUT / part, checkout / part, ignore=ignored)
    _compile(checkout)
    (work / "results").symlink_to(results.resolve())
    inside = INSIDE / scenario.resolve().relative_to(CHECKOUT)
    (work / "arguments").write_text(shlex.join([str(inside), *arguments]))


def _compile(checkout: Path) -> None:
    """Compile all Python of the copy: else a check inside would compile its modules every time it runs."""
    folders = [part for part in PARTS if (checkout / part).is_dir()]
    command = [PYTHON, "-m", "compileall", "-q", "-s", str(checkout), "-p", str(INSIDE), *folders]
    # Its exit status says that some file has a syntax error, perhaps one of the corpora that must have one.
    subprocess.run(command, cwd=checkout, check=False, stdout=subprocess.DEVNULL)


def run_kernel(
    words: Sequence[str], work: Path, console: Path, limit_s: float, on_line: Callable[[str], None] = print
) -> None:
    """Run the kernel to its end, at most `limit_s` seconds.

    words: of its command line, in which nothing may hold a blank: where its root is, what it runs.
    work: a folder for its own, without a blank in its name.
    console: gets what it prints. on_line: as in `boot`.
    """
    command = [
        # Were this process killed, nobody else would end them.
        *("setpriv", "--pdeathsig", "TERM", "sh", "-c", _TOGETHER, "sh"),
        KERNEL,
        f"mem={MEMORY}",
        *words,
        "quiet",
        f"uml_dir={work}/",
        "con=null",
        "con0=fd:0,fd:1",
    ]
    environment = {"PATH": os.defpath, "TMPDIR": _memory_folder()}
    kernel = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        start_new_session=True,
    )
    limit = threading.Timer(limit_s, _end, [kernel])
    limit.start()
    try:
        _follow(kernel, console, on_line)
        kernel.wait()
    finally:
        limit.cancel()
        _end(kernel)


def _follow(kernel: subprocess.Popen[bytes], console: Path, on_line: Callable[[str], None]) -> None:
    assert kernel.stdout is not None
    telling = False
    with kernel.stdout as output, console.open("w", encoding="utf-8") as log:
        for raw in output:
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            print(line, file=log, flush=True)
            telling = telling and line != END
            if telling:
                on_line(line)
            telling = telling or line == BEGIN


def _end(kernel: subprocess.Popen[bytes]) -> None:
    """Let the shell kill the kernel and all processes of its session."""
    kernel.terminate()
    kernel.wait()


def _memory_folder() -> str:
    """Return where the kernel's memory may lie: in RAM if that has room and may be executed, else on disk."""
    shm = "/dev/shm"
    if os.path.isdir(shm):
        status = os.statvfs(shm)
        roomy = status.f_bavail * status.f_frsize > MEMORY_OCTETS
        if roomy and not status.f_flag & os.ST_NOEXEC:
            return shm
    return "/tmp"


def _exit_status(results: Path) -> int:
    try:
        return int((results / "exit-status").read_text())
    except (OSError, ValueError):
        return NOT_RUN


def clear_up_on_sigterm() -> None:
    """Let SIGTERM end this process as Ctrl-C does, by way of every `finally`."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


def main(argv: Sequence[str]) -> int:
    """Run `boot.py RESULTS SCENARIO [ARGUMENT...]`."""
    clear_up_on_sigterm()
    if len(argv) < 2:
        print("usage: boot.py RESULTS SCENARIO [ARGUMENT...]", file=sys.stderr)
        return 64
    try:
        return boot(Path(argv[1]), Path(argv[0]), argv[2:])
    except BootError as error:
        print(f"lab: {error}", file=sys.stderr)
        return NOT_RUN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
