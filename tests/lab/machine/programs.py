# SPDX-License-Identifier: GPL-2.0-or-later
"""keepalived and ldirectord: the site that each has before us, and how each tells what it does."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab.network import run

VIP, PORT = "192.0.2.100", 80
DIRECTOR = "192.0.2.1"
REALS = {"a": "192.0.2.11", "b": "192.0.2.12"}
EXAMPLE = Path("/usr/share/doc/lvs-rawcheck/examples/keepalived/single-vip/keepalived.conf")
"""As installed. Its addresses are those above."""

_LDIRECTORD_CF = f"""\
checktimeout=3
checkinterval=1
autoreload=no
logfile="/var/log/ldirectord.log"

virtual={VIP}:{PORT}
    real={REALS["a"]}:{PORT} gate 10
    real={REALS["b"]}:{PORT} gate 10
    scheduler=wlc
    protocol=tcp
    checktype=connect
"""


@dataclass(frozen=True)
class Program:
    """One of the two. name: of its package, of its unit, and what `generate` calls it."""

    name: str
    configuration: Path

    @property
    def is_keepalived(self) -> bool:
        """Whether it is the one that has VRRP, and that `verify` asks."""
        return self.name == "keepalived"

    def put_site(self) -> None:
        """Write the configuration that the site has before us, and what else it takes to run the program."""
        text = EXAMPLE.read_text().replace("delay_loop 5", "delay_loop 1") if self.is_keepalived else _LDIRECTORD_CF
        self.configuration.parent.mkdir(exist_ok=True)
        self.configuration.write_text(text)
        if not self.is_keepalived:
            # keepalived brings the VIP itself. And ldirectord.service touches a file in a folder that Debian has not.
            run("ip", "addr", "add", f"{VIP}/24", "dev", "eth0")
            Path("/run/lock/subsys").mkdir(exist_ok=True)

    def log(self) -> list[str]:
        """Return the lines that it has logged."""
        words = ["journalctl", "-o", "cat", "--no-pager", "-u", self.name]
        if self.is_keepalived:
            return subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
        return Path("/var/log/ldirectord.log").read_text().splitlines()


PROGRAMS = {
    "keepalived": Program("keepalived", Path("/etc/keepalived/keepalived.conf")),
    "ldirectord": Program("ldirectord", Path("/etc/ha.d/ldirectord.cf")),
}
