# SPDX-License-Identifier: GPL-2.0-or-later
"""The resource agent as installed, called as Pacemaker calls it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from lvs_rawcheck.cli.generate import run as generate

INSTANCE = "web"
SUCCESS, GENERIC, ARGS, UNIMPLEMENTED, PERM, INSTALLED, CONFIGURED, NOT_RUNNING = range(8)
REASON = "ocf-exit-reason:"
SECONDS = 20


@dataclass
class Agent:
    """One resource. folder: holds all that is installed and written."""

    folder: Path
    parameters: dict[str, str] = field(default_factory=lambda: {"instance": INSTANCE})
    shell: tuple[str, ...] = ()
    """What reads the script, where it is not what its first line says."""

    @property
    def path(self) -> Path:
        """Return where the agent is."""
        return self.folder / "scripts" / "ocf-role"

    @property
    def notify(self) -> Path:
        """Return where the script is that writes the role file."""
        return self.folder / "scripts" / "notify"

    @property
    def role_file(self) -> Path:
        """Return where the role is kept."""
        return self.folder / "state" / "role" / INSTANCE

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Call an action with the resource's parameters, and little else, in the environment."""
        environment = {f"OCF_RESKEY_{name}": value for name, value in self.parameters.items()}
        return subprocess.run(
            [*self.shell, str(self.path), *words],
            env={"PATH": "/nowhere", "CDPATH": "/", "OCF_ROOT": "/nowhere", **environment},
            umask=0o177,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )

    def status(self, action: str) -> int:
        """Return an action's exit status."""
        return self.run(action).returncode

    def role(self) -> str:
        """Return the first two words of the role file."""
        return " ".join(self.role_file.read_text().split()[:2])


def install(folder: Path) -> Agent:
    """Install the scripts as an administrator does, into a folder."""
    folders = {"scripts": "scripts", "services": "services.d", "state": "state"}
    assert generate(["scripts", *(f"--{option}={folder}/{name}" for option, name in folders.items())]) == 0
    return Agent(folder)
