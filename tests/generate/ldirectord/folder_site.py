# SPDX-License-Identifier: GPL-2.0-or-later
"""A site in a folder: an ldirectord.cf, the script of ours, a registry, wrappers, and the command run on them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.cli.commands import LAUNCHER
from tests.generate.folder_site import SCRIPT, Outcome, files_of, outcome_of

CONFIGURATION = """\
# the site's
checktimeout=3
negotiatetimeout=4
checkinterval=5
quiescent=no

virtual=192.0.2.1:80
\treal=192.0.2.11:80 gate
\treal=192.0.2.12:80 gate 5
\tservice=http
\trequest="/health"
\treceive="well"
\tvirtualhost="www.example.net"
\tchecktype=negotiate
\tscheduler=wlc

virtual=192.0.2.2:25
\treal=192.0.2.11:25 gate
\tservice=smtp
\tchecktype=connect
\tscheduler=wlc
"""
WEB, MAIL = "tcp-192.0.2.1-80", "tcp-192.0.2.2-25"


class LdirectordSite:
    """The site. folder: empty."""

    def __init__(self, folder: Path, text: str | bytes = CONFIGURATION) -> None:
        self.folder = folder
        folder.chmod(0o755)
        (folder / "ha.d").mkdir()
        self.conf = folder / "ha.d" / "ldirectord.cf"
        self.conf.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.verdict = folder / "scripts" / "verdict"
        self.verdict.parent.mkdir()
        self.verdict.write_text(SCRIPT)
        self.verdict.chmod(0o755)
        self.services = folder / "services.d"
        self.wrappers = folder / "wrappers"
        self.state = folder / "run"
        self.templates = folder / "templates"

    def options(self) -> list[str]:
        """Return the options that keep a command to this folder."""
        return [
            *("--scripts", str(self.verdict.parent), "--services", str(self.services)),
            *("--wrappers", str(self.wrappers), "--state", str(self.state), "--templates", str(self.templates)),
        ]

    def words(self, *arguments: str, file: Path | None = None) -> list[str]:
        """Return `ldirectord FILE` and what follows it."""
        return ["ldirectord", str(file or self.conf), *self.options(), *arguments]

    def run(self, *arguments: str, file: Path | None = None) -> Outcome:
        """Run `generate ldirectord FILE` in this process."""
        return outcome_of(*self.words(*arguments, file=file))

    def write(self, *arguments: str, file: Path | None = None) -> Outcome:
        """Write the plan, no check being tried."""
        return self.run("--write", "--no-probe", *arguments, file=file)

    def command(self, *arguments: str) -> list[str]:
        """Return the same command line for a process of its own."""
        return ["/usr/bin/python3", "-I", "-S", str(LAUNCHER), "generate", *self.words(*arguments)]

    def wrapper(self, service: str = WEB) -> Path:
        """Return where a service's wrapper is."""
        return self.wrappers / service

    def service_file(self, service: str = WEB) -> Path:
        """Return where a service's file is."""
        return self.services / f"{service}.toml"

    def named(self) -> list[str]:
        """Return the wrappers that the configuration calls."""
        lines = self.conf.read_text().splitlines()
        return [line.partition('"')[2].rstrip('"') for line in lines if line.strip().startswith("checkcommand=")]

    def tree(self) -> dict[str, bytes]:
        """Return every file of the site."""
        return files_of(self.folder)


def in_namespace(preparation: str, command: list[str], *further: str) -> subprocess.CompletedProcess[str]:
    """Run a command where a shell has mounted things that only it sees, and what the shell does after it.

    further: lines of shell, behind the command; its status is `$status` there.
    """
    script = "\n".join([preparation, '"$@"', "status=$?", *further, "exit $status"])
    enter = ["unshare", "--mount", "--propagation", "private", "sh", "-uc", script, "sh"]
    return subprocess.run([*enter, *command], capture_output=True, text=True, timeout=60, check=False)
