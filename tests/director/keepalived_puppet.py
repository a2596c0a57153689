# SPDX-License-Identifier: GPL-2.0-or-later
"""keepalived_puppet.py MANNER [keepalived's options] PID_FILE: parent and child, answering SIGUSR1 as keepalived's do.

It is run by a Python whose file is called keepalived, so that it passes for one. MANNER: `slow` writes its dump with a
pause in it, `cut` leaves out the end, `dumb` writes nothing, `mortal` does not expect the signal, `ends` exits on it,
`link` leaves a symbolic link, `world` gives the dump to another user.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from pathlib import Path

FOLDER = Path(os.environ.get("TMPDIR", "/tmp"))
NAME = "keepalived_check.data"
ELSEWHERE = "elsewhere.data"
PAUSE_SECONDS = 0.3
PARENT_LOOKED_AT_SECONDS = 0.5
NOBODY = 65534
BEGINNING = "------< Global definitions >------\n Network namespace = (default)\n"
END = """------< LVS Topology >------
 ------< Virtual server >------
 VS VIP = 10.0.0.100, VPORT = 80
   protocol = TCP
"""


def write_dump(manner: str) -> None:
    """Write it as keepalived's fopen_safe does: renamed first, written then."""
    descriptor, path = tempfile.mkstemp(prefix=NAME, dir=FOLDER)
    if manner == "link":
        (FOLDER / ELSEWHERE).write_text(BEGINNING + END)
        os.unlink(path)
        os.symlink(FOLDER / ELSEWHERE, path)
    if manner == "world":
        os.chown(path, NOBODY, -1)
    os.rename(path, FOLDER / NAME)
    with os.fdopen(descriptor, "w") as file:
        file.write(BEGINNING)
        file.flush()
        if manner == "slow":
            time.sleep(PAUSE_SECONDS)
        file.write(END[:-3] if manner == "cut" else END)


def serve(manner: str, parent: int) -> None:
    """Be the child: write a dump at each SIGUSR1, for as long as the parent lives."""

    def answer(number: int, frame: object) -> None:
        if manner == "ends":
            os._exit(0)
        if manner != "dumb":
            write_dump(manner)

    if manner != "mortal":
        signal.signal(signal.SIGUSR1, answer)
    os.write(1, f"ready {os.getpid()}\n".encode())
    while os.getppid() == parent:
        time.sleep(PARENT_LOOKED_AT_SECONDS)


def main() -> None:
    """Be the parent: fork, write the child's number to the pid file, pass SIGUSR1 on, end the child at SIGTERM."""
    manner, pid_file = sys.argv[1], sys.argv[-1]
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        serve(manner, parent)
        os._exit(0)

    def end(number: int, frame: object) -> None:
        os.kill(child, signal.SIGKILL)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    if manner != "mortal":
        signal.signal(signal.SIGUSR1, lambda number, frame: os.kill(child, signal.SIGUSR1))
    if pid_file != "-":
        Path(pid_file).write_text(f"{child}\n")
    os.write(1, b"ready\n")
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
