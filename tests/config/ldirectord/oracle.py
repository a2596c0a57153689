# SPDX-License-Identifier: GPL-2.0-or-later
"""ldirectord itself, in two ways: its command `status`, and its parser alone, which tells what it understood."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

LDIRECTORD = shutil.which("ldirectord", path="/usr/sbin:/usr/bin")
PERL = shutil.which("perl")
SECONDS = 300.0
ACCEPTED, REFUSED = 3, 2
require_ldirectord = pytest.mark.skipif(
    LDIRECTORD is None or PERL is None, reason="ldirectord is not installed (package ldirectord)"
)

Told = dict[str, Any]


def understood(paths: Iterable[Path]) -> list[Told]:
    """Return what the program's parser tells of each file."""
    assert LDIRECTORD is not None
    assert PERL is not None
    listed = "".join(f"{path}\n" for path in paths)
    run = subprocess.run(
        [PERL, str(Path(__file__).with_name("oracle.pl")), LDIRECTORD],
        input=listed.encode(),
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return [json.loads(line) for line in run.stdout.decode("ascii").splitlines()]


def octets_of(text: str) -> str:
    """Return a text of the program as our text: its characters are octets."""
    return text.encode("latin-1").decode("utf-8", "surrogateescape")


def status_of(path: Path) -> int:
    """Return the exit status of `ldirectord status`: ACCEPTED or REFUSED.

    The name of the file has to be of this test alone: ldirectord removes a PID file of the same name.
    """
    assert LDIRECTORD is not None
    run = subprocess.run(
        [LDIRECTORD, "-d", str(path), "status"],
        cwd=path.parent,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=SECONDS,
        check=False,
    )
    return run.returncode
