# SPDX-License-Identifier: GPL-2.0-or-later
"""What a plain check over HTTP does without: TLS, digests, patterns, words for people."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = ("ssl", "hashlib", "lvs_rawcheck.checks.patterns", "lvs_rawcheck.checks.http.narration")
CODE = f"""
import sys
from tests.checks.http.talk import PAGE, judged
assert judged(PAGE).healthy
print(*(name for name in {HEAVY!r} if name in sys.modules))
assert judged(PAGE, md5="22c3683b094136c3398391ae71b20f04", regex="h").healthy
print(*(name for name in {HEAVY!r} if name in sys.modules))
"""


def test_a_plain_check_loads_little() -> None:
    argv = [sys.executable, "-c", CODE]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=Path(__file__).parents[3], timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["", "hashlib lvs_rawcheck.checks.patterns"]
