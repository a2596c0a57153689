# SPDX-License-Identifier: GPL-2.0-or-later
"""A director with all that an operator runs on it: keepalived, ldirectord, our daemon. Times are monotonic seconds."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from lab.director import LAUNCHER, SystemLog
from lab.network import Host, LabError, Process, wait_until

from tests.lab.daemon.configuration import (
    EXTERNAL,
    FILE,
    KEEPALIVED_CONF,
    LDIRECTORD_CONF,
    NOTIFY_SOCKET,
    REALS,
    SERVICES,
    STATE,
    TOOLS,
    VIRTUALS,
    WRAPPERS,
    Virtual,
    ldirectord_conf,
)

RESULTS = Path("/run/lab/results")
PYTHON = "/usr/bin/python3"
READY_SECONDS = 40.0
_PLACES = ("--scripts", TOOLS, "--services", SERVICES, "--state", STATE)
_MOVED = re.compile(r"(Add|Remov)ing service \[([\d.]+)\]:tcp:\d+ (?:to|from) VS \[([\d.]+)\]:tcp:")


class Ear:
    """What systemd is to the daemon: somebody who is told when it is ready."""

    def __init__(self, path: Path) -> None:
        self.ready = threading.Event()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            if b"READY=1" in self._socket.recv(4096).split(b"\n"):
                self.ready.set()


class Director:
    """One of them. Its files are seen from outside by `path`."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.name = host.name
        self._keepalived: Process | None = None
        self._daemon: Process | None = None
        self._ear = Ear(self.path(NOTIFY_SOCKET))
        SystemLog(host, RESULTS / f"{host.name}-syslog.log")
        self._make_state_folder()
        Path(LAUNCHER).chmod(0o755)
        self.command("generate", "scripts", *_PLACES).check_returncode()

    def path(self, inside: str) -> Path:
        """Return where a file of its /run is seen from outside."""
        return self.host.run_folder / inside.removeprefix("/run/")

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one of our commands."""
        return self.host.execute(PYTHON, "-I", "-S", LAUNCHER, *words, limit_s=120.0)

    def has_vip(self, virtual: Virtual = FILE) -> bool:
        """Return whether a VIP is here."""
        return f" {virtual.vip}/32 " in self.host.run("ip", "-o", "-4", "addr", "show", "dev", "eth0")

    def role(self) -> str:
        """Return the first character of the role file, "" while there is none."""
        return self.text(f"{STATE}/role/VI_1")[:1]

    def text(self, inside: str) -> str:
        """Return what a file says, "" where there is none."""
        try:
            return self.path(inside).read_text()
        except FileNotFoundError:
            return ""

    # keepalived and ldirectord ---------------------------------------------------------------------------------

    def start_keepalived(self) -> None:
        """Start it with the configuration that is in its place."""
        self._keepalived = self.host.start("keepalived", "-n", "-D", "-f", KEEPALIVED_CONF)

    def reload_keepalived(self) -> None:
        """Let it read its configuration again."""
        assert self._keepalived is not None
        os.kill(self._keepalived.pid, signal.SIGHUP)

    def stop_keepalived(self) -> None:
        """Stop it, as systemd does: it gives up its VIPs, and its table."""
        assert self._keepalived is not None
        self._keepalived.stop(20.0)

    def a_moved(self) -> list[list[str]]:
        """Return each time that keepalived put server a in or took it out: "Add" or "Remov", and the VIP."""
        found = _MOVED.findall((RESULTS / f"{self.name}-syslog.log").read_text())
        return [[verb, vip] for verb, real, vip in found if real == REALS["a"]]

    def start_ldirectord(self) -> None:
        """Start it, with its virtual checked as it was before."""
        conf = self.path(LDIRECTORD_CONF)
        conf.parent.mkdir()
        conf.write_text(ldirectord_conf([EXTERNAL]))
        self.host.run("ldirectord", LDIRECTORD_CONF, "start")

    def stop_ldirectord(self) -> None:
        """Stop it."""
        self.host.run("ldirectord", LDIRECTORD_CONF, "stop")

    # generate --------------------------------------------------------------------------------------------------

    def generate_keepalived(self, style: str, virtual: Virtual) -> dict[str, object]:
        """Convert one virtual; return what is told."""
        words = ("--style", style, "--only", f"{virtual.vip}:80", "--write")
        return _told(self.command("generate", "keepalived", KEEPALIVED_CONF, *_PLACES, *words))

    def generate_ldirectord(self) -> dict[str, object]:
        """Convert its virtual; return what is told."""
        words = ("--wrappers", WRAPPERS, "--write")
        return _told(self.command("generate", "ldirectord", LDIRECTORD_CONF, *_PLACES, *words))

    # Our daemon ------------------------------------------------------------------------------------------------

    def spawn_daemon(self) -> None:
        """Start it, and wait for nothing."""
        self._ear.ready.clear()
        folders = ("--services", SERVICES, "--state", STATE)
        command = (PYTHON, "-I", "-S", LAUNCHER, "daemon", *folders)
        self._daemon = self.host.start("env", f"NOTIFY_SOCKET={NOTIFY_SOCKET}", *command)

    def start_daemon(self) -> None:
        """Start it, and wait until it says that it is ready."""
        self.spawn_daemon()
        self.wait_for_daemon()

    def wait_for_daemon(self) -> None:
        """Wait until it says that it is ready."""
        if not self._ear.ready.wait(READY_SECONDS):
            raise LabError(f"the daemon of {self.name} is not ready: {self.said()}")

    def stop_daemon(self) -> None:
        """Stop it, as systemd does."""
        assert self._daemon is not None
        self._daemon.stop(10.0)

    def kill_daemon(self) -> None:
        """Let it end in the middle of whatever it does."""
        assert self._daemon is not None
        os.kill(self._daemon.pid, signal.SIGKILL)
        self._daemon.stop()

    def said(self) -> list[str]:
        """Return what it has logged, all that there were of it."""
        return (RESULTS / f"{self.name}-env.log").read_text().splitlines()

    def status(self) -> dict[str, dict[str, object]]:
        """Return what `status` says of each check, by its ID."""
        done = self.command("status", "--json", "--state", STATE)
        if not done.stdout.startswith("{"):
            raise LabError(f"no status: {done.stdout} {done.stderr}")
        return {check["id"]: check for check in json.loads(done.stdout)["checks"]}

    def explanation(self) -> dict[str, object]:
        """Return what may say why it is not as it should be."""
        status = self.command("status", "--json", "--state", STATE).stdout
        return {"role": self.role(), "vip": self.has_vip(), "said": self.said()[-10:], "status": status}

    def track_files(self) -> dict[str, str]:
        """Return what each says, by its name."""
        return _texts(self.path(f"{STATE}/track"))

    def verdicts(self) -> dict[str, list[str]]:
        """Return the words of each verdict, by the ID of its check."""
        return {
            f"{virtual.service}/{name}": text.split()
            for virtual in VIRTUALS
            for name, text in _texts(self.path(f"{STATE}/verdict/{virtual.service}")).items()
        }

    def forget(self) -> None:
        """Lose what a boot loses: all that is in our folder under /run, and the neighbours. Nothing of it runs."""
        shutil.rmtree(self.path(STATE))
        self._make_state_folder()
        self.host.run("ip", "neigh", "flush", "dev", "eth0")

    def _make_state_folder(self) -> None:
        """Do what tmpfiles.d does before any service starts: keepalived watches no folder that is not there."""
        self.path(f"{STATE}/track").mkdir(parents=True)

    def wait(self, condition: Callable[[], bool], what: str, limit_s: float = 60.0) -> None:
        """Wait for a condition; LabError."""
        if not wait_until(condition, limit_s):
            raise LabError(f"{self.name}: {what}: in vain; {self.said()[-10:]}")


def _told(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    return {"status": done.returncode, "stdout": done.stdout, "stderr": done.stderr}


def _texts(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        return {}
    return {path.name: path.read_text() for path in sorted(folder.iterdir()) if not path.name.startswith(".")}
