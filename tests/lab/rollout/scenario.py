# SPDX-License-Identifier: GPL-2.0-or-later
"""scenario.py: in the laboratory, a running site is converted, and taken back; prints one JSON object a step.

Of three real servers one is sound, one has lost its VIP, which its TCP_CHECK does not see, and one has no service.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from lab.director import LAUNCHER, SystemLog
from lab.network import Network, Process, load_modules, wait_until

from lvs_rawcheck.director.ipvs import parse_table
from lvs_rawcheck.wire.address import format_address, parse_address
from tests.lab.verdict_script import PYTHON, install_verdict

RESULTS = Path("/run/lab/results")
SETTLE_SECONDS = 60.0
DIRECTOR, SOUND, WITHOUT_VIP, WITHOUT_SERVICE = "10.0.0.21", "10.0.0.42", "10.0.0.43", "10.0.0.44"
SERVERS = (SOUND, WITHOUT_VIP, WITHOUT_SERVICE)
VIP, PORT = "10.0.0.100", 80
SERVICE = "tcp-10.0.0.100-80"
CONF, SCRIPTS, SERVICES, STATE = "/run/keepalived.conf", "/run/scripts", "/run/services.d", "/run/lvs-rawcheck"
LISTEN = (
    f"import socket, time; s = socket.create_server(('0.0.0.0', {PORT}), backlog=64)\nwhile True: s.accept()[0].close()"
)
_REAL_SERVER = """\
    real_server {address} {port} {{
        TCP_CHECK {{
            connect_timeout 2
            retry 0
        }}
    }}
"""
CONFIGURATION = (
    f"virtual_server {VIP} {PORT} {{\n    delay_loop 4\n    lb_algo rr\n    lb_kind DR\n    protocol TCP\n"
    + "".join(_REAL_SERVER.format(address=address, port=PORT) for address in SERVERS)
    + "}\n"
)


class Site:
    """The director, with keepalived and our scripts, and the real servers."""

    def __init__(self, network: Network) -> None:
        self.host = network.add_host("director", DIRECTOR)
        self._log = RESULTS / "director-keepalived.log"
        SystemLog(self.host, RESULTS / "director-syslog.log")
        self.host.run("ip", "addr", "add", f"{VIP}/32", "dev", "eth0")
        self.servers = {address: network.add_host(f"s{number}", address) for number, address in enumerate(SERVERS)}
        for address, server in self.servers.items():
            server.run("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2")
            if address != WITHOUT_VIP:
                self.give_vip(address)
            if address != WITHOUT_SERVICE:
                self.start_service(address)
        self._install()
        self.keepalived = self.host.start("keepalived", "-C", "-n", "-l", "-D", "-f", CONF)

    def give_vip(self, address: str) -> None:
        self.servers[address].run("ip", "addr", "add", f"{VIP}/32", "dev", "lo")

    def start_service(self, address: str) -> Process:
        return self.servers[address].start(PYTHON, "-c", LISTEN)

    def path(self, inside: str) -> Path:
        path = self.host.run_folder / inside.removeprefix("/run/")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _install(self) -> None:
        install_verdict(self.path(f"{SCRIPTS}/verdict"), SERVICES, STATE)
        notify = self.path(f"{SCRIPTS}/notify")
        notify.write_text("#!/bin/sh\n")
        notify.chmod(0o755)
        self.path(CONF).write_text(CONFIGURATION)

    def table(self) -> set[str]:
        """Return the real servers that are in the table now."""
        services = parse_table(self.host.net_file("ip_vs").encode()).services
        return {format_address(address) for address, _ in services.get(("tcp", parse_address(VIP), PORT), {})}

    def generate(self, step: str, *arguments: str) -> None:
        """Run the command, and print how it ended and what the configuration is then."""
        folders = ("--scripts", SCRIPTS, "--services", SERVICES, "--state", STATE)
        command = (PYTHON, "-I", "-S", LAUNCHER, "generate", "keepalived", CONF, *folders, *arguments)
        done = self.host.execute(*command, limit_s=90.0)
        text = self.path(CONF).read_text()
        self.tell(step, status=done.returncode, stdout=done.stdout, stderr=done.stderr, configuration=text)

    def tell(self, step: str, **values: object) -> None:
        print(json.dumps({"step": step, **values}), flush=True)

    def reload(self, step: str, wanted: set[str], *checked: str) -> None:
        """Let keepalived read its configuration; print which servers were in the table until it is as wanted.

        checked: IDs of checks that must have run since.
        """
        lasts = [self.path(f"{STATE}/last/{SERVICE}/{address}") for address in checked]
        before = [last.stat().st_mtime_ns if last.exists() else 0 for last in lasts]
        os.kill(self.keepalived.pid, signal.SIGHUP)
        self._follow(step, wanted, lasts, before)

    def follow(self, step: str, wanted: set[str]) -> None:
        """Print which servers were in the table until it is as wanted."""
        self._follow(step, wanted, [], [])

    def _follow(self, step: str, wanted: set[str], lasts: list[Path], before: list[int]) -> None:
        seen: set[str] = set()

        def done() -> bool:
            present = self.table()
            seen.update(present)
            now = [last.stat().st_mtime_ns if last.exists() else 0 for last in lasts]
            return present == wanted and all(new > old for new, old in zip(now, before, strict=True))

        reached = wait_until(done, SETTLE_SECONDS)
        self.tell(step, reached=reached, table=sorted(self.table()), seen=sorted(seen))


def main() -> int:
    """Build the site, convert it, and take it back."""
    load_modules("ip_vs", "ip_vs_rr", "tcp_diag", "inet_diag")
    network = Network(RESULTS)
    site = Site(network)
    site.follow("as it was", {SOUND, WITHOUT_VIP})
    site.generate("refused", "--write")
    site.generate("unknown ID", "--write", "--accept-down", f"{SERVICE}/10.9.9.9")
    site.generate("accepted", "--write", "--accept-down", f"{SERVICE}/{WITHOUT_VIP}")
    site.generate("again before the reload", "--write")
    site.generate("the gate", "--check")
    site.reload("loaded", {SOUND}, WITHOUT_SERVICE, WITHOUT_VIP)
    site.generate("again after the reload", "--write")
    site.reload("loaded again", {SOUND}, WITHOUT_SERVICE, WITHOUT_VIP)
    site.start_service(WITHOUT_SERVICE)
    site.give_vip(WITHOUT_VIP)
    site.follow("healed", set(SERVERS))
    site.generate("nothing more", "--write")
    site.generate("back", "--revert", "--write")
    site.reload("as before", set(SERVERS))
    site.keepalived.stop()
    network.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
