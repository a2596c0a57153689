# SPDX-License-Identifier: GPL-2.0-or-later
"""What an audit would ask by a configuration, as texts that tests compare."""

from __future__ import annotations

from pathlib import Path

from lvs_rawcheck.diagnose.audit.from_keepalived import add_keepalived
from lvs_rawcheck.diagnose.audit.from_ldirectord import add_ldirectord
from lvs_rawcheck.diagnose.audit.model import Target
from lvs_rawcheck.diagnose.audit.wanted import TIMEOUT_DEFAULT, Wanted
from lvs_rawcheck.generate.options import parse_fwmark
from lvs_rawcheck.wire.address import format_address


def new_wanted(*fwmarks: str) -> Wanted:
    """Return one that nothing was added to; fwmarks: as on the command line."""
    return Wanted(TIMEOUT_DEFAULT, dict(map(parse_fwmark, fwmarks)), lambda: None)


def of_keepalived(folder: Path, text: str, *fwmarks: str) -> Wanted:
    """Return what a keepalived.conf says is to be asked."""
    path = folder / "keepalived.conf"
    path.write_text(text)
    wanted = new_wanted(*fwmarks)
    add_keepalived(wanted, str(path), "lb1")
    wanted.finish()
    return wanted


def of_ldirectord(folder: Path, text: str, *fwmarks: str) -> Wanted:
    """Return what an ldirectord.cf says is to be asked."""
    path = folder / "ldirectord.cf"
    path.write_text(text)
    wanted = new_wanted(*fwmarks)
    add_ldirectord(wanted, str(path))
    wanted.finish()
    return wanted


def lines_of(wanted: Wanted) -> list[str]:
    """Return each target as `KIND REAL_SERVER ENDPOINT`, with the protocol unless it is tcp, and `sorry`."""
    return [_line(target) for target in wanted.targets]


def _line(target: Target) -> str:
    request = target.request
    words = [request.kind, format_address(request.real_ip), str(request.endpoints[0])]
    if target.protocol != "tcp":
        words.append(target.protocol)
    if target.sorry:
        words.append("sorry")
    return " ".join(words)
