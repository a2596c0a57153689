# SPDX-License-Identifier: GPL-2.0-or-later
"""Hosts on a switch: network namespaces whose eth0 is plugged into one bridge.

A host has its own network, host name (so that keepalived's @NAME lines work) and /run. It lives as long as
its holder, a sleeping process; `nsenter` into that process runs everything else. For use inside the
laboratory, where power-off clears away what is left.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

SWITCH = "br0"
HOSTS = Path("/run/lab/hosts")
MODPROBE_FOLDER = "/run/lab/modprobe"
NAMESPACES = ("--net", "--mount", "--uts")

# With /run its own, sysfs is mounted anew too: a mount shows the network it was made in.
_HOLD = """
mount --bind "$1" /run && mount -t sysfs sysfs /sys && hostname "$2" && ip link set lo up && echo ready &&
exec sleep infinity
"""


class LabError(Exception):
    """The laboratory itself failed: a command that must work did not."""


def execute(*command: str, limit_s: float = 30.0) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, whatever its exit status is."""
    return subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=False)


def run(*command: str, limit_s: float = 30.0) -> str:
    """Return what the command printed; raise LabError if it failed."""
    done = execute(*command, limit_s=limit_s)
    if done.returncode != 0:
        raise LabError(f"{' '.join(command)}: exit status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def load_modules(*names: str) -> None:
    """Load kernel modules, with those that they need."""
    run("modprobe", "-a", "-d", MODPROBE_FOLDER, *names)


def wait_until(condition: Callable[[], bool], limit_s: float, pace_s: float = 0.05) -> bool:
    """Return True as soon as the condition holds, False if it did not within `limit_s` seconds."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(pace_s)
    return True


class Process:
    """A process that runs until it is stopped."""

    def __init__(self, command: list[str], log: IO[bytes]) -> None:
        self._popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.pid = self._popen.pid

    def ask_to_end(self) -> None:
        """Send SIGTERM, and wait for nothing."""
        self._popen.terminate()

    def stop(self, limit_s: float = 5.0) -> None:
        """Ask it to end, and see to it after `limit_s` seconds."""
        self.ask_to_end()
        try:
            self._popen.wait(limit_s)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()

    def running(self) -> bool:
        """Say whether it has not ended by itself."""
        return self._popen.poll() is None


class Host:
    """One machine. `run_folder` is what its own processes see as /run."""

    def __init__(self, name: str, address: str, results: Path) -> None:
        self.name = name
        self.address = address
        self.run_folder = HOSTS / name
        self._results = results
        self.run_folder.mkdir(parents=True)
        hold = ["sh", "-c", _HOLD, "sh", str(self.run_folder), name]
        command = ["unshare", *NAMESPACES, *hold]
        self._holder = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != b"ready\n":
            raise LabError(f"no namespaces for {name}")

    @property
    def pid(self) -> int:
        """A process that has this host's namespaces for as long as the host lives."""
        return self._holder.pid

    def _inside(self, command: tuple[str, ...]) -> list[str]:
        return ["nsenter", "--target", str(self.pid), *NAMESPACES, *command]

    def run(self, *command: str, limit_s: float = 30.0) -> str:
        """Return what a command prints that runs on this host; raise LabError if it failed."""
        return run(*self._inside(command), limit_s=limit_s)

    def execute(self, *command: str, limit_s: float = 30.0) -> subprocess.CompletedProcess[str]:
        """Run a command on this host to its end, whatever its exit status is."""
        return execute(*self._inside(command), limit_s=limit_s)

    def start(self, *command: str) -> Process:
        """Start a process on this host; what it prints goes to NAME-PROGRAM.log in the results."""
        with (self._results / f"{self.name}-{Path(command[0]).name}.log").open("ab") as log:
            return Process(self._inside(command), log)

    def net_file(self, name: str) -> str:
        """Return the text of /proc/net/NAME as this host sees it (costs no process)."""
        return Path(f"/proc/{self.pid}/net/{name}").read_text()

    def close(self) -> None:
        """End the host; its namespaces go with its last process."""
        self._holder.kill()
        self._holder.wait()


class Network:
    """The switch and its hosts. Whoever made it closes it."""

    def __init__(self, results: Path) -> None:
        self._results = results
        self._hosts: list[Host] = []
        load_modules("bridge", "veth")
        # No spanning tree: a port would be silent for its first 30 seconds.
        run("ip", "link", "add", SWITCH, "up", "type", "bridge", "stp_state", "0", "mcast_snooping", "0")

    def add_host(self, name: str, address: str, prefix_length: int = 24) -> Host:
        """Return a new host with `address` on its eth0, plugged into the switch."""
        host = Host(name, address, self._results)
        self._hosts.append(host)
        port = f"port-{name}"
        far_end = ("peer", "eth0", "netns", str(host.pid))
        run("ip", "link", "add", port, "up", "master", SWITCH, "type", "veth", *far_end)
        host.run("sh", "-c", f"ip addr add {address}/{prefix_length} dev eth0 && ip link set eth0 up")
        return host

    def close(self) -> None:
        """End all hosts and remove the switch."""
        for host in self._hosts:
            host.close()
        run("ip", "link", "del", SWITCH)
