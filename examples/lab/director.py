# SPDX-License-Identifier: GPL-2.0-or-later
"""A director: a host with the real keepalived, and its own IPVS table, role file and system log."""

from __future__ import annotations

import itertools
import json
import os
import queue
import shutil
import signal
import socket
import threading
import time
from pathlib import Path

from lab.network import Host, LabError, Process

LAUNCHER = "/opt/lvs-rawcheck/lvs_rawcheck/cli/launcher.py"
ROLE_FILE = "lvs-rawcheck/role/VI_1"
"""Below /run."""


PROGRAM = "lvs-rawcheck["
"""By this its lines in the system log are known."""


class SystemLog:
    """Listens where syslog(3) sends, and writes it to a file: NAME-syslog.log. Keeps what the checks said."""

    def __init__(self, host: Host, path: Path) -> None:
        self._said: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(host.run_folder / "log"))
        self._path = path
        threading.Thread(target=self._receive, daemon=True).start()

    def _receive(self) -> None:
        with self._path.open("a", encoding="utf-8") as log:
            while True:
                line = self._socket.recv(8192).decode("utf-8", "replace").rstrip("\0\n").partition(">")[2]
                print(f"{time.monotonic():9.3f} {line}", file=log, flush=True)
                if PROGRAM in line:
                    self._said.put(line.partition("]: ")[2])

    def said_by_checks(self) -> list[str]:
        """Return what the checks have said since the last call."""
        return [self._said.get() for _ in range(self._said.qsize())]


class Director:
    """One of the two. Closing the network ends it."""

    def __init__(self, host: Host, vip: str, results: Path) -> None:
        self.host = host
        self.name = host.name
        self._vip = vip
        self._config = host.run_folder / "keepalived.conf"
        self._keepalived: Process | None = None
        # A client may use a source port again within the minute for which IPVS remembers it: without this, its
        # request would still be meant for the server that has left the table, and dropped.
        host.run("sysctl", "-q", "-w", "net.ipv4.vs.expire_nodest_conn=1")
        self.log = SystemLog(host, results / f"{host.name}-syslog.log")

    def start(self, config: Path) -> None:
        """Start keepalived with this configuration."""
        self._install(config)
        self._keepalived = self.host.start("keepalived", "-n", "-D", "-f", "/run/keepalived.conf")

    def reload(self, config: Path) -> None:
        """Give the running keepalived another configuration."""
        self._install(config)
        os.kill(self._pid(), signal.SIGHUP)

    def ask_to_stop(self) -> None:
        """Ask keepalived to stop, as an administrator would; it gives up the VIP and empties its table."""
        if self._keepalived is not None:
            self._keepalived.ask_to_end()

    def running(self) -> bool:
        """Say whether keepalived runs."""
        return self._keepalived is not None and self._keepalived.running()

    def _pid(self) -> int:
        if self._keepalived is None or not self.running():
            raise LabError(f"keepalived does not run on {self.name}: see its log")
        return self._keepalived.pid

    def _install(self, config: Path) -> None:
        shutil.copyfile(config, self._config)
        self._config.chmod(0o644)

    def servers(self) -> frozenset[str]:
        """Return the addresses of the real servers that the kernel's IPVS table holds now."""
        lines = (line.split() for line in self.host.net_file("ip_vs").splitlines())
        found = (words[1].partition(":")[0] for words in lines if words[:1] == ["->"])
        return frozenset(socket.inet_ntoa(bytes.fromhex(word)) for word in found if word != "RemoteAddress")

    def has_vip(self) -> bool:
        """Say whether the VIP is a local address of this director now."""
        lines = self.host.net_file("fib_trie").splitlines()
        return any(
            line.split() == ["|--", self._vip] and below.split() == ["/32", "host", "LOCAL"]
            for line, below in itertools.pairwise(lines)
        )

    def role(self) -> str:
        """Return the word in the role file, `-` if there is none."""
        try:
            text = (self.host.run_folder / ROLE_FILE).read_text()
        except FileNotFoundError:
            return "-"
        return "MASTER" if text.startswith("1") else "BACKUP"

    def check(self, real_ip: str, port: int = 80) -> dict[str, object]:
        """Return the verdict of one check run by hand, as keepalived runs it here."""
        program = ("/usr/bin/python3", "-I", "-S", LAUNCHER)
        options = ("--json", "-r", f"/run/{ROLE_FILE}", "-t", "2")
        done = self.host.execute(*program, "check", "tcp", *options, real_ip, self._vip, str(port))
        try:
            verdict = json.loads(done.stdout)
        except ValueError as error:
            raise LabError(f"the check printed no verdict: {done.stdout!r} {done.stderr!r}") from error
        if not isinstance(verdict, dict):
            raise LabError(f"the check printed no object: {done.stdout!r}")
        return verdict

    def table(self) -> str:
        """Return the IPVS table as ipvsadm prints it."""
        return self.host.run("ipvsadm", "-L", "-n")
