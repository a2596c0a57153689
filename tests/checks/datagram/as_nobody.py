# SPDX-License-Identifier: GPL-2.0-or-later
"""One check by datagrams whose process gives root up once its sockets are open; prints user, path and verdict.

as_nobody.py PROGRAM_FOLDER KIND REAL VIP PORT ROLE_FILE

PROGRAM_FOLDER: holds an lvs_rawcheck that everybody can read, since some of it is loaded only when root is gone.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path[:0] = [sys.argv[1], str(Path(__file__).parents[3])]

# The way to them is only known now.
from lvs_rawcheck.checks.base import Endpoint  # noqa: E402
from lvs_rawcheck.checks.hooks import Hooks  # noqa: E402
from lvs_rawcheck.checks.request import Request  # noqa: E402
from lvs_rawcheck.checks.runner import run_request  # noqa: E402
from lvs_rawcheck.wire.address import parse_address  # noqa: E402
from tests.checks.as_nobody import become_nobody  # noqa: E402
from tests.checks.datagram.site import step_of  # noqa: E402

if __name__ == "__main__":
    kind, real, vip, port, role_file = sys.argv[2:]
    wanted = Request(kind, (step_of(kind),), parse_address(real), [Endpoint(parse_address(vip), int(port))])
    wanted.role_file = role_file
    result = run_request(wanted, Hooks(sockets_open=become_nobody))
    print(os.getuid(), result.path, result.verdict.reason, result.verdict.detail)
