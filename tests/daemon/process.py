# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon as a process of its own, and somebody who reads all that it writes while it lives and dies."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from lvs_rawcheck.registry.templates import Templates
from tests.cli.commands import LAUNCHER
from tests.daemon.desk import Desk
from tests.netns.topology import Host, end_process, wait_until

START_SECONDS = 30.0  # on a machine however busy
_LINE_WORDS = 7


class Process:
    """`lvs-rawcheck daemon` over a desk, on a host. `start` it, end it as you like, start it again."""

    def __init__(
        self,
        desk: Desk,
        host: Host,
        folder: Path,
        prefix: tuple[str, ...] = (),
        options: tuple[str, ...] = (),
        launcher: Path = LAUNCHER,
    ) -> None:
        self._desk = desk
        self._host = host
        self._prefix = prefix
        self._options = options
        self._launcher = launcher
        self.log_path = folder / "log"
        self._child: subprocess.Popen[bytes] | None = None
        self._manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ear = Path(tempfile.mkdtemp(prefix="rawcheck-"))  # short: a socket's path has 107 octets
        self._manager.bind(str(self._ear / "notify"))
        self._manager.settimeout(0.05)
        self.script = folder / "verdict"
        services, state = str(desk.services), str(desk.state)
        text = Templates(str(folder / "none")).render(
            "verdict", python=sys.executable, launcher=str(LAUNCHER), services_folder=services, state_folder=state
        )
        self.script.write_text(text)
        self.script.chmod(0o755)

    def start(self) -> None:
        """Start it, and wait until it says that it is ready."""
        self.spawn()
        self.wait_for(b"READY=1")

    def spawn(self) -> None:
        """Start it."""
        environment = {**os.environ, "NOTIFY_SOCKET": str(self._ear / "notify")}
        command = [*self._prefix, sys.executable, "-I", "-S", str(self._launcher), "daemon", *self._options]
        folders = ["--services", str(self._desk.services), "--state", str(self._desk.state)]
        with self._host.entered(), self.log_path.open("ab") as log:
            self._child = subprocess.Popen([*command, *folders], env=environment, stdin=subprocess.DEVNULL, stderr=log)

    def wait_for(self, word: bytes) -> None:
        """Wait until the service manager is told this."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            with suppress(TimeoutError):
                if word in self._manager.recv(4096).split(b"\n"):
                    return
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """Kill it, wherever it is."""
        self._process.kill()
        self._process.wait(START_SECONDS)

    def stop(self) -> int:
        """Tell it to end; return its exit status."""
        self._process.terminate()
        return self._process.wait(START_SECONDS)

    def close(self) -> None:
        """Leave nothing behind."""
        self._manager.close()
        shutil.rmtree(self._ear)
        if self._child is not None:
            end_process(self._child)  # type: ignore[arg-type]

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self._process.pid

    def log(self) -> str:
        """Return what it has logged so far."""
        return self.log_path.read_text()

    def ask(self, check_id: str) -> int:
        """Return what the script `verdict` says."""
        return self._host.run([str(self.script), check_id], check=False).returncode

    def status(self) -> dict[str, dict[str, Any]]:
        """Return what `status` knows, by ID."""
        done = self._host.run(
            [sys.executable, "-I", "-S", str(LAUNCHER), "status", "--json", "--state", str(self._desk.state)],
            check=False,
        )
        assert done.stdout, done.stderr
        return {check["id"]: check for check in json.loads(done.stdout)["checks"]}

    @property
    def _process(self) -> subprocess.Popen[bytes]:
        assert self._child is not None
        return self._child


@contextmanager
def process(desk: Desk, host: Host, folder: Path, prefix: tuple[str, ...] = ()) -> Iterator[Process]:
    """Return a daemon that is started, and ended at last."""
    made = Process(desk, host, folder, prefix)
    try:
        made.start()
        yield made
    finally:
        made.close()


class Reader:
    """Reads verdicts and track files over and over in a thread, and notes what must not be."""

    def __init__(self, state: Path, healthy: set[str]) -> None:
        self.faults: list[str] = []
        self.rounds = 0
        self._state = state
        self._healthy = healthy
        """IDs of servers that never fail."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(START_SECONDS)

    def another_round(self) -> None:
        """Wait until all has been read again."""
        seen = self.rounds
        wait_until(lambda: self.rounds >= seen + 2, "all is read", START_SECONDS)

    def _run(self) -> None:
        while not self._stop.wait(0.002):
            self._read("track", self._judge_track)
            for folder in self._names("verdict"):
                self._read(f"verdict/{folder}", self._judge_verdict)
            self.rounds += 1

    def _names(self, folder: str) -> list[str]:
        try:
            return [name for name in os.listdir(self._state / folder) if not name.startswith(".")]
        except FileNotFoundError:
            return []

    def _read(self, folder: str, judge: Any) -> None:
        for name in self._names(folder):
            with suppress(FileNotFoundError):
                fault = judge(f"{folder}/{name}", (self._state / folder / name).read_text())
                if fault:
                    self.faults.append(fault)

    def _judge_track(self, path: str, text: str) -> str | None:
        check_id = path.removeprefix("track/").replace("@", "/")
        allowed = ("0\n",) if check_id in self._healthy else ("0\n", "1\n")
        return None if text in allowed else f"{path}: {text!r}"

    def _judge_verdict(self, path: str, text: str) -> str | None:
        words = text.removesuffix("\n").split(" ")
        whole = text.endswith("\n") and len(words) == _LINE_WORDS and words[2] in ("0", "1")
        wrong = whole and words[2] == "1" and path.removeprefix("verdict/") in self._healthy
        return f"{path}: {text!r}" if wrong or not whole else None
