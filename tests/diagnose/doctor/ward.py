# SPDX-License-Identifier: GPL-2.0-or-later
"""A mount namespace in which the command is run, with other files in the place of some of the machine's.

For what no network namespace has of its own: accounts, /proc/uptime, settings that only the first namespace shows.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.diagnose.doctor.clinic import Clinic

FINDINGS, NOTHING_WRONG = 1, 0
_WITHOUT_CONFIGURATIONS = (
    "for folder in /etc/keepalived /etc/ha.d; do if [ -d $folder ]; then mount -t tmpfs none $folder; fi; done"
)
"""This machine's own: what is looked at is the clinic's."""


class Ward:
    """Lives as long as its clinic's host. set_up: shell commands that mount something, run in it first."""

    def __init__(self, clinic: Clinic, set_up: str = "") -> None:
        self.clinic = clinic
        command = ["unshare", "--mount", "sh", "-e", "-c", f"{_WITHOUT_CONFIGURATIONS}\n{set_up}\necho ready\nexec cat"]
        self._holder = clinic.host.popen(command)
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == "ready\n"

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command in it."""
        path = f"PATH={self.clinic.folder}:{os.environ['PATH']}:/usr/sbin:/sbin"
        return self.clinic.host.run(
            ["nsenter", "--mount", "-t", str(self._holder.pid), "env", path, *words], check=False, timeout=60.0
        )

    def doctor(self, *words: str) -> dict[str, Any]:
        """Return what the command says."""
        given = ["--services", str(self.clinic.services), "--state", str(self.clinic.state), *words]
        if self.clinic.keepalived is not None:
            given.append(str(self.clinic.keepalived))
        if self.clinic.ldirectord is not None:
            given += ["--ldirectord", str(self.clinic.ldirectord)]
        done = self.run("lvs-rawcheck", "doctor", "--json", *given)
        assert done.stderr == ""
        told = json.loads(done.stdout)
        assert isinstance(told, dict)
        assert done.returncode == (FINDINGS if told["findings"] else NOTHING_WRONG)
        return told

    def causes(self) -> list[str]:
        """Return the causes that are found."""
        return [finding["cause"] for finding in self.doctor()["findings"]]

    def cure(self, *causes: str) -> list[dict[str, Any]]:
        """Find these causes, carry out all their commands, and see that nothing is found any more."""
        findings: list[dict[str, Any]] = self.doctor()["findings"]
        assert [finding["cause"] for finding in findings] == list(causes)
        for finding in findings:
            commands = [fix["command"] for fix in finding["fix"] if "command" in fix]
            assert commands, finding
            for command in commands:
                done = self.run("sh", "-c", command)
                assert done.returncode == 0, (command, done.stderr)
        assert self.causes() == []
        return findings


def with_daemon_user(folder: Path) -> str:
    """Return what puts the package's user and group into the accounts."""
    lines = []
    for name, line in (("passwd", "lvs-rawcheck:x:907:907::/:/bin/false"), ("group", "lvs-rawcheck:x:907:")):
        there = folder / name
        there.write_text(f"{Path('/etc', name).read_text().rstrip()}\n{line}\n")
        lines.append(f"mount --bind {there} /etc/{name}")
    return "\n".join(lines)
