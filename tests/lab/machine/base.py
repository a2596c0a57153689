# SPDX-License-Identifier: GPL-2.0-or-later
"""The disk of a director on which our package was never installed, made once and kept under build/.

Beside the program that asks for checks it holds what a minimal Debian holds, and in apt's cache, not installed, the
archives that installing the package pulls: the machine has no network to fetch them over.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.package.build import KEPT, built, control_field, require_programs

SUITE = "bookworm"
MODULES = "/usr/lib/uml/modules"
UNIT = "tests-begin.service"
INSIDE = "/run/machine"
"""Where the folder of the host is mounted that MACHINE= on the kernel's command line names."""

# procps: keepalived.service reloads by its `kill`.
_INCLUDED = ("systemd-sysv", "dbus", "ipvsadm", "iproute2", "kmod", "procps")
_TOOLS = {"mmdebstrap": "mmdebstrap", "mke2fs": "e2fsprogs", "linux.uml": "user-mode-linux"}
_SIZE = "1500M"
_TIMEOUT = 900.0  # seconds

# As an operator installs it: with what is recommended.
_FETCH = (
    'APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get -q -y -o APT::Install-Recommends=true'
    " install --download-only {package}"
)
# What has no configuration yet and is started all the same would leave systemd `degraded`.
_DISABLE = 'chroot "$1" systemctl disable {program}'
_BEGIN = f"""\
[Unit]
Description=The tests of a whole machine

[Service]
Type=exec
ExecStartPre=mkdir {INSIDE}
ExecStartPre=sh -c "mount -t hostfs -o $$(sed 's/.*MACHINE=//; s/ .*//' /proc/cmdline) none {INSIDE}"
ExecStart=sh {INSIDE}/begin

[Install]
WantedBy=multi-user.target
"""
_FSTAB = f"none /usr/lib/modules hostfs {MODULES},ro 0 0\n"


def base(program: str) -> Path:
    """Return the disk of a director with this program (a Debian package); skip where it cannot be made."""
    require_programs(_TOOLS)
    disk = KEPT / f"machine-{program}-{_state(program)}.ext4"
    if not disk.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        unfinished = disk.with_suffix(f".{os.getpid()}")
        try:
            with tempfile.TemporaryDirectory(prefix="rawcheck-machine-") as name:
                folder = Path(name) / "root"
                _install(program, folder)
                _furnish(folder)
                _run("mke2fs", "-q", "-t", "ext4", "-d", str(folder), str(unfinished), _SIZE)
            for former in KEPT.glob(f"machine-{program}-*.ext4"):
                former.unlink()
            unfinished.rename(disk)
        finally:
            unfinished.unlink(missing_ok=True)
    return disk


def _state(program: str) -> str:
    """Return a name for all that the disk is made of: with another one it is made anew."""
    wanted = [control_field(built(), field) for field in ("Depends", "Recommends")]
    parts = (SUITE, program, _SIZE, *_INCLUDED, _FETCH, _DISABLE, _BEGIN, _FSTAB, *wanted)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _install(program: str, folder: Path) -> None:
    # apt wants a path of letters that a shell leaves alone.
    package = shutil.copy(built(), folder.parent)
    words = ["mmdebstrap", "--variant=minbase", f"--include={','.join((*_INCLUDED, program))}", "--skip=cleanup/apt"]
    hooks = [f"--customize-hook={line.format(package=package, program=program)}" for line in (_DISABLE, _FETCH)]
    done = _run(*words, *hooks, SUITE, str(folder), check=False)
    if done.returncode != 0:
        pytest.skip(f"no root file system of {SUITE}: {done.stderr.strip().splitlines()[-1:]}")


def _furnish(folder: Path) -> None:
    """Let the machine find its kernel's modules, and begin."""
    (folder / "usr/lib/modules").mkdir(exist_ok=True)
    (folder / "etc/fstab").write_text(_FSTAB)
    units = folder / "etc/systemd/system"
    (units / UNIT).write_text(_BEGIN)
    (units / "multi-user.target.wants" / UNIT).symlink_to(f"../{UNIT}")


def _run(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, timeout=_TIMEOUT, check=check)
