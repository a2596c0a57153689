# SPDX-License-Identifier: GPL-2.0-or-later
"""Role files against the VIPs of this host: a file may lie after a crash of keepalived, which runs no notify script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lvs_rawcheck.checks.request import ROLE_AUTO
from lvs_rawcheck.diagnose.verify.finding import Finding
from lvs_rawcheck.director.role import read_role
from lvs_rawcheck.wire.address import format_address

_WRITE = "find out why its notify script did not run; by hand: lvs-rawcheck notify"


def role_findings(vips_of: Mapping[str, set[bytes]], roles: Mapping[bytes, str | None]) -> Iterator[Finding]:
    """Yield the role files that say something else than the VIPs. vips_of: by role file; roles: by VIP."""
    for path, vips in sorted(vips_of.items()):
        if path == ROLE_AUTO:
            continue
        by_file, trouble = read_role(path)
        if trouble is not None:
            yield Finding("role-file", path, trouble, f"{_WRITE} MASTER|BACKUP {path.rpartition('/')[2]}")
            continue
        contrary = [vip for vip in sorted(vips) if roles.get(vip) not in (None, by_file)]
        if contrary:
            shown = f"{format_address(contrary[0])}{f' and {len(contrary) - 1} more' if len(contrary) > 1 else ''}"
            here = "is no address of this host" if roles[contrary[0]] == "backup" else "is an address of this host"
            what = f"it says {by_file}, but {shown} {here}"
            yield Finding("role", path, what, f"{_WRITE} {_words(roles[contrary[0]], path)}", passing=True)


def _words(role: str | None, path: str) -> str:
    return f"{(role or '').upper()} {path.rpartition('/')[2]}"
