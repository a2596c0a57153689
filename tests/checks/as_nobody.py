# SPDX-License-Identifier: GPL-2.0-or-later
"""One check whose process gives root up once its sockets are open; prints user and verdict.

as_nobody.py PROGRAM_FOLDER REAL VIP PORT REPLY_MAC

PROGRAM_FOLDER: holds an lvs_rawcheck that everybody can read, since some of it is loaded only when root is gone.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path[:0] = [sys.argv[1], str(Path(__file__).parents[2])]

# The way to them is only known now.
from lvs_rawcheck.checks.hooks import Hooks  # noqa: E402
from lvs_rawcheck.checks.runner import run_request  # noqa: E402
from tests.checks.site import request  # noqa: E402

NOBODY = 65534


def become_nobody() -> None:
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


if __name__ == "__main__":
    real, vip, port, rule = sys.argv[2:]
    wanted = request(real, vip, port=int(port), reply_mac=rule, timeout=2.0)
    result = run_request(wanted, Hooks(sockets_open=become_nobody))
    print(os.getuid(), result.verdict.reason, result.verdict.detail)
