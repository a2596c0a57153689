# SPDX-License-Identifier: GPL-2.0-or-later
"""One check by datagrams whose process gives root up once its sockets are open; prints user, path and verdict.

as_nobody.py PROGRAM_FOLDER KIND REAL VIPS PORT ROLE_FILE [lost]

VIPS: with commas between them. lost: the link fails once root is gone, and the standard check is made instead.
PROGRAM_FOLDER: holds an lvs_rawcheck that everybody can read, since some of it is loaded only when root is gone.
"""

from __future__ import annotations

import os
import pathlib
import sys

sys.path[:0] = [sys.argv[1], str(pathlib.Path(__file__).parents[3])]

# The way to them is only known now.
from lvs_rawcheck.checks.base import Endpoint  # noqa: E402
from lvs_rawcheck.checks.hooks import Hooks  # noqa: E402
from lvs_rawcheck.checks.path import Path  # noqa: E402
from lvs_rawcheck.checks.request import STANDARD_INSTEAD, Request  # noqa: E402
from lvs_rawcheck.checks.runner import run_request  # noqa: E402
from lvs_rawcheck.errors import LinkError  # noqa: E402
from lvs_rawcheck.link.interface import Link  # noqa: E402
from lvs_rawcheck.wire.address import parse_address  # noqa: E402
from tests.checks.as_nobody import become_nobody  # noqa: E402
from tests.checks.datagram.site import step_of  # noqa: E402


class Lost:
    """A link that cannot send."""

    def __init__(self, link: Link, _path: Path) -> None:
        self.own_mac = link.own_mac
        self.fileno, self.receive, self.close = link.fileno, link.receive, link.close

    def send(self, octets: bytes, destination_mac: bytes, ethertype: int) -> None:
        raise LinkError("the link was lost")


if __name__ == "__main__":
    kind, real, vips, port, role_file = sys.argv[2:7]
    endpoints = [Endpoint(parse_address(vip), int(port)) for vip in vips.split(",")]
    wanted = Request(kind, (step_of(kind),), parse_address(real), endpoints)
    wanted.role_file = role_file
    hooks = Hooks(sockets_open=become_nobody)
    if sys.argv[7:]:
        wanted.on_cannot_judge = STANDARD_INSTEAD
        hooks.wrap_link = Lost
    result = run_request(wanted, hooks)
    for each in result.vips or [result]:
        print(os.getuid(), each.path, each.verdict.reason, each.verdict.detail)
