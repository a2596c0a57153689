# SPDX-License-Identifier: GPL-2.0-or-later
"""A Debian of its own to install into: a minimal root file system, with mounts, processes and a /run of its own.

What the package depends on is in there already: nothing here needs a network but the first making of the file system,
which is kept under build/.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from tests.netns.topology import Host
from tests.package.build import KEPT, require_programs

# systemd's two programs by themselves: on a director they come with systemd.
_INCLUDED = (
    "python3,python3-h11,python3-dnspython,python3-cryptography,python3-jinja2,python3-rich"
    ",systemd-standalone-sysusers,systemd-standalone-tmpfiles"
)
_MAKE_TIMEOUT = 600.0  # seconds
_RUN_TIMEOUT = 120.0
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}

# $1: the root. Everything ends with the shell that holds it, whose input is ours.
_HOLD = """
set -e
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount -t tmpfs -o mode=755 none "$1/run"
mount -t tmpfs -o mode=755 none "$1/dev"
for node in null zero full random urandom; do : >"$1/dev/$node"; mount --bind "/dev/$node" "$1/dev/$node"; done
echo READY
read -r _ || :
"""


class Root:
    """A root file system that is mounted. Made by `root_of`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", _HOLD, "sh", str(folder)]
        self._holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == "READY\n"
        children = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children").read_text().split()
        self._enter = ["nsenter", "--mount", "--pid", "--target", children[0], "chroot", str(folder)]

    def close(self) -> None:
        """Unmount it, and end what runs in there."""
        self._holder.communicate("\n", timeout=10)

    def start(self, words: Sequence[str], host: Host | None = None) -> subprocess.Popen[str]:
        """Start a command in there, on a host of a topology, else where there is no network."""
        command = [*([] if host else ["unshare", "--net"]), *self._enter, *words]
        with host.entered() if host else nullcontext():
            return subprocess.Popen(
                command,
                env=_ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def run(self, *words: str, host: Host | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command in there to its end; what it says, on stderr too, is in stdout."""
        child = self.start(words, host)
        try:
            said, _ = child.communicate(timeout=_RUN_TIMEOUT)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            raise
        return subprocess.CompletedProcess(words, child.returncode, said, "")

    def do(self, *words: str, host: Host | None = None) -> str:
        """Run a command that must succeed; return what it says."""
        done = self.run(*words, host=host)
        assert done.returncode == 0, f"{' '.join(words)}: exit {done.returncode}: {done.stdout[-3000:]}"
        return done.stdout

    def bring(self, package: Path) -> str:
        """Return where a package lies in there."""
        shutil.copy(package, self.folder / "root" / package.name)
        return f"/root/{package.name}"

    def install(self, package: Path) -> str:
        """Install a package, or upgrade to it, as an operator does; return what apt says."""
        return self.do("apt-get", "install", "-q", "-y", "--no-install-recommends", self.bring(package))

    def path(self, path: str) -> Path:
        """Return a file of it; not one of /run, which only those within see."""
        return self.folder / path.lstrip("/")

    def write(self, path: str, text: str) -> None:
        """Put a file in place."""
        self.path(path).parent.mkdir(parents=True, exist_ok=True)
        self.path(path).write_text(text)

    def files(self) -> dict[str, str]:
        """Return every file, folder and link with its mode, owner and, of a link, target; /run's too."""
        look = ["find", "/etc", "/usr", "/var", "/run", "/root", "/opt", "-printf", "%p\\t%M %u:%g %l\\n"]
        return dict(line.split("\t") for line in self.do(*look).splitlines())


@contextmanager
def root_of(suite: str = "bookworm") -> Iterator[Root]:
    """Unpack and mount a root file system of this Debian, for as long as it is needed; skip where there is none."""
    archive = _archive(suite)
    with tempfile.TemporaryDirectory(prefix="rawcheck-root-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        subprocess.run(["tar", "-x", "-f", str(archive), "-C", name, "--exclude=./dev/*"], check=True)
        root = Root(folder)
        try:
            yield root
        finally:
            root.close()


def _archive(suite: str) -> Path:
    """Return a root file system, made where there is none yet."""
    archive = KEPT / f"root-{suite}.tar"
    if archive.exists():
        return archive
    require_programs({"mmdebstrap": "mmdebstrap"})
    KEPT.mkdir(parents=True, exist_ok=True)
    unfinished = archive.with_suffix(f".{os.getpid()}.tar")
    command = ["mmdebstrap", "--variant=minbase", f"--include={_INCLUDED}", suite, str(unfinished)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_MAKE_TIMEOUT, check=False)
    if done.returncode != 0:
        pytest.skip(f"no root file system of {suite}: {done.stderr.strip().splitlines()[-1:]}")
    unfinished.rename(archive)
    return archive
