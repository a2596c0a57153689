# SPDX-License-Identifier: GPL-2.0-or-later
"""The Debian package, built from this checkout: once a session for each version that a test asks for."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
KEPT = CHECKOUT / "build" / "package"
"""What outlives a session of tests."""
_TOOLS = {"dpkg-buildpackage": "dpkg-dev", "dh": "debhelper", "dh_python3": "dh-python", "git": "git"}
_TIMEOUT = 300.0  # seconds


def require_programs(programs: dict[str, str]) -> None:
    """Skip the test, naming the packages of programs that are not there."""
    missing = [package for program, package in programs.items() if shutil.which(program) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


@cache
def _session_folder() -> Path:
    """Return a folder of this process's: others may be testing in the same checkout."""
    KEPT.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="session-", dir=KEPT)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@cache
def built(version: str | None = None) -> Path:
    """Return the .deb, without its build's tests. version: a later one than the changelog's."""
    require_programs(_TOOLS)
    folder = _session_folder() / (version or "current")
    words = [str(CHECKOUT / ".ci" / "build-deb"), str(folder), *([version] if version else [])]
    environment = {**os.environ, "DEB_BUILD_OPTIONS": "nocheck", "DEB_BUILD_PROFILES": "nocheck"}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=_TIMEOUT, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (package,) = folder.glob("*.deb")
    return package


def control_field(package: Path, name: str) -> str:
    """Return a field of the package's control file."""
    words = ["dpkg-deb", "--field", str(package), name]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
