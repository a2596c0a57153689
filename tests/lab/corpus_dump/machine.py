# SPDX-License-Identifier: GPL-2.0-or-later
"""A director for one configuration: its own network with the interfaces that the configuration names, and keepalived.

keepalived writes its dumps on SIGUSR1, each of its processes one (propagate_signal in main.c, check_print.c,
vrrp_print.c). A dump is whole once no process has it open any more (open_dump_file in global_data.c).
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.generate.example_sites import FOLDER, MAIN
from tests.lab.corpus_dump.places import CHECKERS, NODE, VRRP

LIMIT_SECONDS = 20.0
PACE_SECONDS = 0.05
# Of a keepalived that has read its configuration, and of one that has lost a process and started another.
ASK_AGAIN_SECONDS = 2.0
STUB = b"#!/bin/sh\nexit 0\n"
_TREES = Path("/run/lab/trees")
_PARENT = "parent"
_DUMPS = {CHECKERS: "keepalived_check.data", VRRP: "keepalived.data", _PARENT: "keepalived_parent.data"}
_STARTING = {CHECKERS: b"Starting Healthcheck child process", VRRP: b"Starting VRRP child process"}
_HAS_READ = b"Startup complete"
# Interfaces as VRRP instances, addresses and groups of interfaces name them, or definitions that stand for one.
_INTERFACE = re.compile(rb"^[ \t]*interface[ \t]+(\S+)|\bdev[ \t]+(\S+)|\$\w+=(\S+)$", re.MULTILINE)
_INTERFACES = re.compile(rb"^[ \t]*(?:track_interface|interfaces)\s*\{([^}]*)\}", re.MULTILINE)
_INTERFACE_NAME = re.compile(rb"[A-Za-z][\w.-]{0,14}")  # IFNAMSIZ, linux/if.h
_OWN_INTERFACE = "lo"
_NAMESPACE = re.compile(rb"^[ \t]*net_namespace(?:_ipvs)?[ \t]+(\S+)", re.MULTILINE)
# The site's own scripts; in these folders of the machine there is nothing else.
_SCRIPT = re.compile(rb"(/root|/etc/keepalived)(/[\w./+-]+)")
_NO_SCRIPT = (b".conf", b".pem", b".crt", b".key", b"/")
# $1: the folders that the machine has of its own, and its interfaces; $2: network namespaces; then keepalived's words.
_ENTER = """
mkdir -p /run/netns
for pair in etc:/etc/keepalived root:/root tmp:/tmp netns:/run/netns; do
    mount --bind "$1/${pair%%:*}" "${pair#*:}" || exit 99
done
ip link set lo up
ip -force -batch "$1/interfaces"
for name in $2; do ip netns add "$name"; ip -n "$name" -force -batch "$1/interfaces"; done
shift 2
exec keepalived "$@"
"""


class Machine:
    """The director. folder: the files of its /etc/keepalived. Whoever makes it ends it."""

    def __init__(self, folder: Path) -> None:
        self._tree = _TREES / folder.parent.name / folder.name
        shutil.rmtree(self._tree, ignore_errors=True)
        for name in ("root", "tmp", "netns"):
            (self._tree / name).mkdir(parents=True)
        etc = self._tree / "etc"
        shutil.copytree(folder, etc)
        for path in (etc, *etc.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        self._text = b"\n".join(path.read_bytes() for path in etc.rglob("*") if path.is_file())
        self._write_scripts()
        (self._tree / "interfaces").write_text("".join(self._interfaces()))
        self._log = self._tree / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def _write_scripts(self) -> None:
        folders = {b"/root": self._tree / "root", FOLDER.encode(): self._tree / "etc"}
        for folder, name in _SCRIPT.findall(self._text):
            script = folders[folder] / name.decode().lstrip("/")
            if not name.endswith(_NO_SCRIPT) and not script.exists():
                script.parent.mkdir(parents=True, exist_ok=True)
                script.write_bytes(STUB)
                script.chmod(0o755)

    def _interfaces(self) -> Iterator[str]:
        """Yield what `ip -batch` reads. Their MAC addresses are the same each time, and so what is made of them."""
        words = {word for found in _INTERFACE.findall(self._text) for word in found}
        words |= {word for block in _INTERFACES.findall(self._text) for word in block.split()}
        names = {word.decode() for word in words if _INTERFACE_NAME.fullmatch(word)}
        for number, name in enumerate(sorted(names - {_OWN_INTERFACE})):
            yield f"link add {name} address 02:00:00:00:00:{number:02x} type dummy\n"
            yield f"link set {name} up multicast on arp on\naddr add 198.18.{number}.1/24 dev {name}\n"

    def start(self, *options: str) -> None:
        """Start keepalived."""
        namespaces = b" ".join(dict.fromkeys(_NAMESPACE.findall(self._text))).decode()
        command = ["unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"]
        command += ["sh", "-c", _ENTER, "sh", str(self._tree), namespaces]
        command += ["-n", "-l", "-G", "-D", "-i", NODE, "-f", f"{FOLDER}/{MAIN}", *options]
        command += ["-p", "/tmp/keepalived.pid", "-c", "/tmp/checkers.pid", "-r", "/tmp/vrrp.pid"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def dumps(self) -> tuple[dict[str, bytes], str | None]:
        """Return the dumps by the process that each is of, and why there are none, None where there are."""
        assert self._process is not None
        begun = time.monotonic()
        ask_at = begun + ASK_AGAIN_SECONDS
        asked = False
        while time.monotonic() < begun + LIMIT_SECONDS:
            if self._process.poll() is not None:
                return {}, f"keepalived ends with {self._process.returncode}"
            said = self.log()
            wanted = [name for name, sentence in _STARTING.items() if sentence in said]
            if wanted and all(self._whole(name) for name in (_PARENT, *wanted)):
                return {name: self._dump(name).read_bytes() for name in wanted}, None
            if (not asked and _HAS_READ in said) or (wanted and time.monotonic() >= ask_at):
                asked = True
                ask_at = time.monotonic() + ASK_AGAIN_SECONDS
                self._ask()
            time.sleep(PACE_SECONDS)
        return {}, "keepalived's process dies" if b") died: " in self.log() else "keepalived says nothing"

    def _ask(self) -> None:
        """Ask the parent, which asks its children."""
        assert self._process is not None
        for parent in _children(self._process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(parent, signal.SIGUSR1)

    def _dump(self, name: str) -> Path:
        return self._tree / "tmp" / _DUMPS[name]

    def _whole(self, name: str) -> bool:
        """Return whether a dump is there, and nobody has it open."""
        assert self._process is not None
        try:
            dump = self._dump(name).stat()
        except FileNotFoundError:
            return False
        return dump.st_size > 0 and (dump.st_dev, dump.st_ino) not in _open_files(self._process.pid)

    def log(self) -> bytes:
        """Return what keepalived has printed."""
        return self._log.read_bytes()

    def end(self) -> None:
        """End keepalived and all that it started, at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _open_files(pid: int) -> set[tuple[int, int]]:
    """Return the files that a process, its children and theirs have open: device and inode."""
    found: set[tuple[int, int]] = set()
    with contextlib.suppress(OSError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                status = os.stat(f"/proc/{pid}/fd/{name}")
                found.add((status.st_dev, status.st_ino))
        for child in _children(pid):
            found |= _open_files(child)
    return found
