# SPDX-License-Identifier: GPL-2.0-or-later
"""A state folder, and the script `verdict` with a program in Python's place: does it answer, or become the program?"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from lvs_rawcheck.registry.templates import Templates

CHECK = "tcp-10.0.0.100-80/10.0.0.42"
SLOW = "the slow path\n"
SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]


class Desk:
    """A state folder, and the script with a program in Python's place that tells of itself and fails."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.state.mkdir()
        program = folder / "program"
        program.write_text(f"#!/bin/sh\necho '{SLOW.strip()}'\nexit 1\n")
        program.chmod(0o755)
        text = Templates(str(folder / "no overrides")).render(
            "verdict",
            python=str(program),
            launcher=str(program),
            services_folder=str(folder),
            state_folder=str(self.state),
        )
        self.script = folder / "verdict"
        self.script.write_text(text)
        self.script.chmod(0o755)
        self.role = folder / "role"

    def hold(self, age: int = 1) -> None:
        (self.state / "hold").write_text(f"{uptime() - age}\n")

    def last(self, line: str, check: str = CHECK) -> Path:
        return self.put("last", line, check)

    def fresh(self, line: str, check: str = CHECK) -> Path:
        return self.put("verdict", line, check)

    def put(self, folder: str, line: str, check: str) -> Path:
        path = self.state / folder / check
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(line)
        return path

    def run(self, check: str = CHECK, shell: str = "dash") -> int | None:
        """Return the status that it answered with, None: it went the slow path."""
        words = [str(self.script), check]
        command = ["busybox", "sh", *words] if shell == "busybox" else [shell, *words]
        # Nothing of the environment counts, and with this PATH no program but absolute ones is found.
        hostile = {"PATH": "/nowhere", "IFS": "0", "found": "1", "held": "1", "role_file": "/"}
        program = shutil.which(command[0])
        assert program is not None
        done = subprocess.run(
            [program, *command[1:]], env=hostile, capture_output=True, text=True, check=False, timeout=20
        )
        if done.stdout == SLOW:
            assert done.returncode == 1
            return None
        assert (done.stdout, done.stderr) == ("", "")
        return done.returncode


def uptime() -> int:
    return int(Path("/proc/uptime").read_text().split(".")[0])


def verdict(status: int = 0, age: int = 5, role: str = "- -", path: str = "raw", reason: str = "") -> str:
    return f"{uptime() - age} 0 {status} {path} {role} {reason or ('no-answer' if status else 'ok')}\n"


def fresh(status: int = 0, age: int = 5, role: str = "- -", path: str = "raw", reason: str = "", life: int = 15) -> str:
    """Return a line as the daemon writes it."""
    written, _, rest = verdict(status, age, role, path, reason).split(" ", 2)
    return f"{written} {int(written) + life} {rest}"
