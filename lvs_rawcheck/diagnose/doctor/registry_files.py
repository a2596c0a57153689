# SPDX-License-Identifier: GPL-2.0-or-later
"""The registry's files: each can be used, and the daemon may read it; they may hold passwords, so nobody else need."""

from __future__ import annotations

import grp
import os
from collections.abc import Iterator
from shlex import quote

from lvs_rawcheck.diagnose.doctor.causes import command, found, instruction
from lvs_rawcheck.diagnose.doctor.section import Section
from lvs_rawcheck.diagnose.doctor.surroundings import Surroundings, is_permission_fault
from lvs_rawcheck.diagnose.finding import Finding
from lvs_rawcheck.director.privileges import daemon_ids
from lvs_rawcheck.registry.files import is_service_file

_SHOWN = 20


def registry_files(here: Surroundings) -> Section:
    """Look at every service file."""
    registry = here.registered.registry
    section = Section("registry")
    if here.registered.trouble:
        section.gaps.append(here.registered.trouble)
        return section
    section.looked_at = f"{len(registry.services)} service files in {here.services}"
    closed = [fault for fault in registry.faults if is_permission_fault(fault)]
    if closed:
        section.gaps.append(f"{len(closed)} service files, {closed[0].path} for one: this needs root")
    faults = [fault for fault in registry.faults if fault not in closed]
    for fault in faults[:_SHOWN]:
        _, _, message = str(fault).rpartition(f"{fault.path}: ")
        advice = f"correct it, then see that it can be read: lvs-rawcheck mode --all{here.services_option()}"
        section.findings.append(found("registry-file", fault.path, message, [instruction(advice)]))
    if len(faults) > _SHOWN:
        section.gaps.append(f"{len(faults) - _SHOWN} service files more that cannot be used")
    ids = daemon_ids()
    if ids is not None:
        section.findings += _closed(here.services, *ids)
    return section


def _closed(folder: str, uid: int, gid: int) -> Iterator[Finding]:
    """Yield what the daemon may not read. uid, gid: its own."""
    try:
        names = [name for name in os.listdir(folder) if is_service_file(name)]
        if not _may(os.stat(folder), uid, gid, 0o5):
            yield _opened(folder, gid, "g+rx")
            return
        for name in sorted(names):
            path = f"{folder}/{name}"
            if not _may(os.stat(path), uid, gid, 0o4):
                yield _opened(path, gid, "g+r")
    except OSError:
        return  # gone meanwhile, or not ours to look at: the registry says so


def _may(status: os.stat_result, uid: int, gid: int, wanted: int) -> bool:
    """Return whether a user has these rights, bits as of others. 0: root."""
    shift = 6 if status.st_uid == uid else 3 if status.st_gid == gid else 0
    return uid == 0 or (status.st_mode >> shift) & wanted == wanted


def _opened(path: str, gid: int, rights: str) -> Finding:
    status = os.stat(path)
    try:
        group = grp.getgrgid(gid).gr_name
    except KeyError:
        group = str(gid)
    shown = quote(path)
    what = f"it belongs to user {status.st_uid} and group {status.st_gid}, mode {status.st_mode & 0o7777:04o}"
    return found("registry-closed", path, what, [command(f"chgrp {group} {shown} && chmod {rights} {shown}")])
