# SPDX-License-Identifier: GPL-2.0-or-later
"""A director that is looked at: a host of a network with a registry, a state folder and configurations of the test's.

The state folder is on /dev/shm: as /run, it goes with the boot.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from lvs_rawcheck.config.keepalived import read_keepalived
from lvs_rawcheck.config.ldirectord import read_ldirectord
from lvs_rawcheck.diagnose.doctor.section import Section
from lvs_rawcheck.diagnose.doctor.surroundings import Surroundings
from lvs_rawcheck.diagnose.finding import Finding
from tests.cli.commands import LAUNCHER
from tests.netns.topology import Host

DIRECTOR_IP, REAL_IP, OTHER_IP, VIP = "10.0.0.21", "10.0.0.42", "10.0.0.43", "10.0.0.100"
DIRECTOR_IP6, REAL_IP6, VIP6 = "2001:db8::21", "2001:db8::42", "2001:db8::100"
NAME = "web"
Subject = Callable[[Surroundings], Section]


def no_libraries() -> None:
    """The kinds of these tests need none."""


class Clinic:
    """Looks at one host. Close it."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.folder = Path(tempfile.mkdtemp(prefix="rawcheck-"))
        self.services = self.folder / "services.d"
        self.services.mkdir()
        self.state = Path(tempfile.mkdtemp(prefix="rawcheck-", dir="/dev/shm"))
        self.state.chmod(0o755)
        (self.folder / "lvs-rawcheck").symlink_to(LAUNCHER)
        self.keepalived: Path | None = None
        self.ldirectord: Path | None = None

    def close(self) -> None:
        """Remove the folders."""
        shutil.rmtree(self.folder)
        shutil.rmtree(self.state, ignore_errors=True)

    @property
    def role_file(self) -> Path:
        """Where the role file of instance VI_1 is."""
        return self.state / "role" / "VI_1"

    def tell_role(self, text: str) -> None:
        """Write the role file."""
        self.role_file.parent.mkdir(exist_ok=True)
        self.role_file.write_text(text)

    def register(self, settings: str = "", vip: str = VIP, real: str = REAL_IP, name: str = NAME) -> Path:
        """Put a service of one server into the registry. settings: further lines of TOML."""
        endpoint = f"[{vip}]:80" if ":" in vip else f"{vip}:80"
        path = self.services / f"{name}.toml"
        check = '[[check]]\nkind = "tcp"\n'
        path.write_text(f'endpoint = ["{endpoint}"]\n{settings}\n{check}[[real_server]]\naddress = "{real}"\n')
        return path

    def script(self, name: str) -> Path:
        """Return a script that root may run, in a folder of root's."""
        self.folder.chmod(0o755)
        path = self.folder / name
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
        return path

    def configure_keepalived(self, text: str) -> Path:
        """Give keepalived this configuration."""
        self.keepalived = self.folder / "keepalived.conf"
        self.keepalived.write_text(text)
        return self.keepalived

    def configure_ldirectord(self, text: str) -> Path:
        """Give ldirectord this configuration."""
        self.ldirectord = self.folder / "ldirectord.cf"
        self.ldirectord.write_text(text)
        return self.ldirectord

    def look(self, subject: Subject) -> Section:
        """Return what a subject says of the host as it is now."""
        keepalived = None if self.keepalived is None else read_keepalived(str(self.keepalived), "node")
        ldirectord = None if self.ldirectord is None else read_ldirectord(str(self.ldirectord))
        with self.host.entered():
            return subject(
                Surroundings(str(self.services), str(self.state), no_libraries, keepalived, ldirectord, "node")
            )

    def finding(self, subject: Subject, cause: str) -> Finding:
        """Return the only finding of a subject, which is of this cause."""
        findings = self.look(subject).findings
        assert [each.cause for each in findings] == [cause]
        return findings[0]

    def carry_out(self, finding: Finding) -> None:
        """Run the commands that are to mend it, as they stand."""
        commands = [fix.command for fix in finding.fixes if fix.command]
        assert commands, "it has no command"
        path = f"{self.folder}:{os.environ['PATH']}:/usr/sbin:/sbin"
        for command in commands:
            self.host.run(["env", f"PATH={path}", "sh", "-c", command])

    def cure(self, subject: Subject, cause: str) -> Finding:
        """Find one fault, carry out its commands, and see that nothing is found any more; return what was found."""
        found = self.finding(subject, cause)
        self.carry_out(found)
        assert self.look(subject).findings == []
        return found

    def demand_instruction(self, subject: Subject, cause: str) -> Finding:
        """Find one fault that no command can mend, and see that it says what to do by hand."""
        found = self.finding(subject, cause)
        assert found.fixes
        assert all(fix.instruction and not fix.command for fix in found.fixes)
        return found
