# SPDX-License-Identifier: GPL-2.0-or-later
"""The state folder under /run: where roles, modes and verdicts are, and whose each folder is.

Reading list: lvs-rawcheck.state(5), debian/lvs-rawcheck.tmpfiles, director/state_folder.py: what others could arrange
is not used. The times in its files count from the boot, so it must go with the boot.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from shlex import quote
from stat import S_ISDIR, S_IWGRP, S_IWOTH

from lvs_rawcheck.diagnose.doctor.causes import command, found, instruction
from lvs_rawcheck.diagnose.doctor.section import Section
from lvs_rawcheck.diagnose.doctor.surroundings import Surroundings
from lvs_rawcheck.diagnose.finding import Finding
from lvs_rawcheck.director.privileges import DAEMON_USER, daemon_ids

_ROOT_S = ("role", "last", "observed", "mode", "logged")
_DAEMON_S = ("verdict", "track", "daemon", "slots")
_VOLATILE = ("tmpfs", "ramfs")
_MOUNTS = "/proc/self/mountinfo"


@dataclass(frozen=True, slots=True)
class _Mount:
    """Where a file system is mounted, and what it is. proc(5), /proc/pid/mountinfo."""

    place: str
    kind: str


def state_folders(here: Surroundings) -> Section:
    """Look at the state folder and those in it."""
    section = Section("state folder")
    ids = daemon_ids()
    try:
        status = os.lstat(here.state)
    except FileNotFoundError:
        if ids is not None:
            section.findings.append(_missing(here.state, "root"))
        return section
    except OSError as error:
        section.gaps.append(f"{here.state}: {error.strerror}")
        return section
    section.looked_at = here.state
    section.findings += _of_file_system(here.state, status.st_dev)
    section.findings += _of_owner(here.state, {0})
    for name in _ROOT_S:
        section.findings += _of_owner(f"{here.state}/{name}", {0})
    for name in _DAEMON_S:
        path = f"{here.state}/{name}"
        if ids is not None and not os.path.lexists(path):
            section.findings.append(_missing(path, DAEMON_USER.decode()))
        section.findings += _of_owner(path, {0 if ids is None else ids[0]})
    return section


def _missing(path: str, owner: str) -> Finding:
    fix = command(f"install -d -o {owner} -g {owner} -m 0755 {quote(path)}")
    return found("state-missing", path, "it is not there", [fix])


def _of_owner(path: str, owners: set[int]) -> Iterator[Finding]:
    try:
        status = os.lstat(path)
    except OSError:
        return  # made when it is needed
    shown = quote(path)
    owner = next(iter(owners))
    if not S_ISDIR(status.st_mode):
        advice = f"move it away, then: install -d -o {owner} -g {owner} -m 0755 {shown}"
        yield found("state-owner", path, "it is no folder", [instruction(advice)])
    elif status.st_uid not in owners or status.st_mode & (S_IWGRP | S_IWOTH):
        what = f"it belongs to user {status.st_uid}, mode {status.st_mode & 0o7777:04o}, instead of user {owner}, 0755"
        yield found("state-owner", path, what, [command(f"chown {owner} {shown} && chmod 0755 {shown}")])


def _of_file_system(path: str, device: int) -> Iterator[Finding]:
    mount = _mount_of(path, device)
    space = os.statvfs(path)
    if mount is not None and mount.kind not in _VOLATILE:
        advice = f"let it be on a tmpfs, as /run is; before that, empty {path} at each boot (a tmpfiles.d line with D!)"
        yield found("state-not-volatile", path, f"it is on {mount.kind}", [instruction(advice)])
    if space.f_flag & os.ST_RDONLY:
        place = quote(mount.place if mount is not None else path)
        again = f"mount -o remount,rw {place}"
        on_disk = (
            f"see first why (dmesg; findmnt {place}): after an error of the disk it must not be written to. Then: "
        )
        in_memory = mount is not None and mount.kind in _VOLATILE
        yield found(
            "state-read-only",
            path,
            "mounted read-only",
            [command(again) if in_memory else instruction(f"{on_disk}{again}")],
        )
    elif space.f_blocks and (space.f_bfree == 0 or (space.f_files and space.f_ffree == 0)):
        what = "no room is left" if space.f_bfree == 0 else "no file more can be made"
        place = quote(mount.place if mount is not None else path)
        advice = f"find what fills it, and remove that: du -xh {place} | sort -h | tail; find {place} -xdev | wc -l"
        yield found("state-full", path, what, [instruction(advice)])


def _mount_of(path: str, device: int) -> _Mount | None:
    """Return the mount that a folder is in, None where the kernel does not tell."""
    number = f"{os.major(device)}:{os.minor(device)}"
    real = os.path.realpath(path)
    best: _Mount | None = None
    try:
        with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as file:
            for line in file:
                words, _, rest = line.partition(" - ")
                place = words.split()[4].encode().decode("unicode_escape")
                inside = f"{real}/".startswith(f"{place.rstrip('/')}/")
                if words.split()[2] == number and inside and (best is None or len(place) >= len(best.place)):
                    best = _Mount(place, rest.split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return best
