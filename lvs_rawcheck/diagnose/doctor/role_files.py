# SPDX-License-Identifier: GPL-2.0-or-later
"""Role files against the VIPs of this host, who may write them, and in which boot they were written.

What a role file and a VIP say may differ for a moment, while keepalived moves one after the other: so it is looked at
twice.
"""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from shlex import quote
from stat import S_IWGRP, S_IWOTH

from lvs_rawcheck.checks.request import ROLE_AUTO
from lvs_rawcheck.checks.roles import roles_by_vip
from lvs_rawcheck.diagnose.doctor.causes import command, found, instruction
from lvs_rawcheck.diagnose.doctor.section import Section
from lvs_rawcheck.diagnose.doctor.surroundings import KERNEL_SECONDS, Surroundings
from lvs_rawcheck.diagnose.finding import Finding
from lvs_rawcheck.diagnose.fix import Fix
from lvs_rawcheck.diagnose.verify.finding import Finding as Difference
from lvs_rawcheck.diagnose.verify.roles import role_findings
from lvs_rawcheck.director.role import read_role

_BOOT_ID = "/proc/sys/kernel/random/boot_id"
_SECOND_LOOK_SECONDS = 1.0
_LINE_OCTETS = 256
_WORDS = 5  # DIGIT ROLE STARTED PID BOOT, as templates/notify writes it
_WHY = "find out why its notify script did not run (journalctl -u keepalived)"


def role_files(here: Surroundings) -> Section:
    """Look at the role files that services of the registry follow."""
    vips_of: dict[str, set[bytes]] = {}
    for service, server in here.servers():
        path = server.settings.role_file
        if path is not None and path != ROLE_AUTO:
            vips_of.setdefault(path, set()).update(endpoint.vip for endpoint in service.endpoints)
    section = Section("roles", f"{len(vips_of)} role files say what the VIPs say" if vips_of else "")
    if not vips_of:
        return section
    section.findings += _differences(here, vips_of)
    boot = _boot_id()
    for path in sorted(vips_of):
        section.findings += _of_file(here, path, vips_of[path], boot)
    return section


def _differences(here: Surroundings, vips_of: dict[str, set[bytes]]) -> Iterator[Finding]:
    first = _look(vips_of)
    if any(each.passing for each, _ in first):
        select.select((), (), (), _SECOND_LOOK_SECONDS)
        before = {each.news for each, _ in first}
        first = [(each, role) for each, role in _look(vips_of) if not each.passing or each.news in before]
    for difference, role in first:
        yield found(
            difference.kind,
            difference.where,
            difference.what,
            [instruction(_WHY), *_write(here, difference.where, role)],
        )


def _look(vips_of: dict[str, set[bytes]]) -> list[tuple[Difference, str | None]]:
    """Return what differs, each with the role by the VIPs."""
    roles = roles_by_vip(set().union(*vips_of.values()), KERNEL_SECONDS)
    return [(each, _said({roles[vip] for vip in vips_of[each.where]})) for each in role_findings(vips_of, roles)]


def _said(roles: set[str | None]) -> str | None:
    """Return the role that VIPs agree on, None where they do not or say nothing."""
    said = roles - {None}
    return said.pop() if len(said) == 1 else None


def _write(here: Surroundings, path: str, role: str | None) -> list[Fix]:
    """Return what writes a role file by hand."""
    folder, _, name = path.rpartition("/")
    if folder != f"{here.state}/role":
        return [instruction(f"let {path} begin with 1 for master, 0 for backup")]
    if role is None:
        return [instruction(f"its VIPs do not say the role: lvs-rawcheck notify MASTER|BACKUP {name}")]
    option = here.state_option("-s")
    return [command(f"lvs-rawcheck notify{option} {role.upper()} {quote(name)}")]


def _of_file(here: Surroundings, path: str, vips: set[bytes], boot: str) -> Iterator[Finding]:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return  # missing: said above
    if status.st_uid != 0 or status.st_mode & (S_IWGRP | S_IWOTH):
        what = f"it belongs to user {status.st_uid}, mode {status.st_mode & 0o7777:04o}"
        yield found("role-owner", path, what, [_to_root(here, path)])
    words = _words(path)
    if len(words) == _WORDS and boot and words[-1] != boot:
        what = "it was written in an earlier boot of this host"
        role = _said(set(roles_by_vip(vips, KERNEL_SECONDS).values())) or read_role(path)[0]
        yield found("role-of-earlier-boot", path, what, [instruction(_WHY), *_write(here, path, role)])


def _to_root(here: Surroundings, path: str) -> Fix:
    """Return what gives a role file to root. Who writes one elsewhere may not be root: then it would stay as it is."""
    shown = quote(path)
    give = f"chown root:root {shown} && chmod 0644 {shown}"
    if path.rpartition("/")[0] == f"{here.state}/role":
        return command(give)
    return instruction(f"let whatever writes it run as root, or the role stays as it is; then: {give}")


def _words(path: str) -> list[str]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return os.read(descriptor, _LINE_OCTETS).decode("ascii", "replace").split()
        finally:
            os.close(descriptor)
    except (OSError, ValueError):
        return []


def _boot_id() -> str:
    """Return the kernel's name for this boot, "" where it cannot be read."""
    try:
        with open(_BOOT_ID, encoding="ascii") as file:
            return file.read(64).strip()
    except (OSError, ValueError):
        return ""
