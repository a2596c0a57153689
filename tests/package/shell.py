# SPDX-License-Identifier: GPL-2.0-or-later
"""A real bash at a terminal of its own: it is typed to, and asked what it completes."""

from __future__ import annotations

import os
import pty
import select
import shlex
import signal
import time
from pathlib import Path

from tests.package.man_page import CHECKOUT

COMPLETIONS = Path("/usr/share/bash-completion/bash_completion")
OURS = CHECKOUT / "debian" / "completions" / "lvs-rawcheck"
_LAUNCHER = CHECKOUT / "lvs_rawcheck" / "cli" / "launcher.py"
_PROGRAMS = ("lvs-rawcheck", "check_tcp_raw", "check_http_get_raw", "check_http_raw")
_SECONDS = 20.0  # for one answer
_INSERT_ALL = "\x1b*"  # readline's insert-completions
_TO_BEGIN = "\x01"


class Shell:
    """An interactive bash that has read our completion, in a folder with the programs on its path."""

    def __init__(self, folder: Path) -> None:
        for program in _PROGRAMS:
            (folder / program).symlink_to(_LAUNCHER)
        start, answers = folder / ".start", folder / ".answers"
        os.mkfifo(answers)
        lines = (
            f"PATH={shlex.quote(str(folder))}:/usr/bin:/bin",
            f". {COMPLETIONS}",
            f". {shlex.quote(str(OURS))}",
            # A finished line is told, word by word, and not run.
            f"_tell() {{ printf '%s\\0' \"$@\" $'\\n'; }} >{shlex.quote(str(answers))}",
            "bind 'set enable-bracketed-paste off'; bind 'set bell-style none'",
        )
        start.write_text("\n".join(lines) + "\n")
        self._answers = os.open(answers, os.O_RDWR | os.O_NONBLOCK)
        self._child, self._terminal = pty.fork()
        if self._child == 0:
            os.chdir(folder)
            os.execve(
                "/bin/bash", ["bash", "--noprofile", "--rcfile", str(start), "-i"], {"TERM": "dumb", "COLUMNS": "2000"}
            )
        assert self.complete("ready") == ["ready"]

    def close(self) -> None:
        """End it."""
        os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)
        os.close(self._terminal)
        os.close(self._answers)

    def complete(self, line: str) -> list[str]:
        """Return the words of a line after all completions of its last word were put in its place."""
        os.write(self._terminal, f"{line}{_INSERT_ALL}{_TO_BEGIN}_tell \n".encode())
        deadline = time.monotonic() + _SECONDS
        told = b""
        while not told.endswith(b"\0\n\0"):
            left = deadline - time.monotonic()
            assert left > 0, f"bash did not answer to {line!r}"
            readable = select.select([self._terminal, self._answers], [], [], left)[0]
            if self._terminal in readable:
                os.read(self._terminal, 65536)  # what it draws, of no interest
            if self._answers in readable:
                told += os.read(self._answers, 65536)
        return told.decode().split("\0")[:-2]
