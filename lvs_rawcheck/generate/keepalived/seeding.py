# SPDX-License-Identifier: GPL-2.0-or-later
"""Role files for a keepalived that runs already: a reload tells no script what is as it was (vrrp_scheduler.c).

    found = roles_now(wiring.instance for wiring in plan.wired.values())   # LinkError: the kernel does not say
    written = write_roles(found, state)                                    # OSError
    found.unknown                                                          # instance -> why it gets no role file

An instance is MASTER while its VIPs are addresses of this host, for keepalived puts them there before it tells its
scripts, and takes them away before it tells them (vrrp.c). So what the addresses say is as good as a script that was
started when they were read, and is written as if it were one: with that time, and a process ID below all others, so
that every script started since goes before it (templates/notify).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lvs_rawcheck import clock
from lvs_rawcheck.checks.roles import roles_by_vip
from lvs_rawcheck.config.keepalived.model import VrrpInstance
from lvs_rawcheck.director.role import BACKUP, MASTER
from lvs_rawcheck.director.state_folder import open_state, read_line, write_line
from lvs_rawcheck.link.netlink import ANSWER_TIMEOUT
from lvs_rawcheck.wire.address import format_address, parse_address

_TICKS = 100  # a second, in /proc/PID/stat (proc(5), sysconf(_SC_CLK_TCK))
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_FIRST = {MASTER: "1", BACKUP: "0"}
_LINE_OCTETS = 256
_LOCK = ".lock"
_LOCK_WAIT = 5  # seconds, as long as the script itself waits


@dataclass(frozen=True, slots=True)
class RolesFound:
    """What this host's addresses say of VRRP instances, by name. read: when, clock ticks since boot."""

    read: int
    roles: dict[str, str] = field(default_factory=dict)
    """MASTER or BACKUP, of director/role.py."""
    unknown: dict[str, str] = field(default_factory=dict)
    """A sentence for each about which they say nothing certain."""


def roles_now(instances: Iterable[VrrpInstance]) -> RolesFound:
    """Return the roles of instances by the addresses that this host has; LinkError."""
    vips = {each.name: [parse_address(vip.address) for vip in each.virtual_ips] for each in instances}
    found = RolesFound(int(clock.uptime() * _TICKS))
    by_vip = roles_by_vip({vip for several in vips.values() for vip in several}, ANSWER_TIMEOUT)
    for name, several in vips.items():
        roles = {by_vip[vip] for vip in several}
        if roles in ({MASTER}, {BACKUP}):
            (role,) = roles
            found.roles[name] = str(role)
        else:
            found.unknown[name] = _why_unknown(several, by_vip)
    return found


def _why_unknown(vips: list[bytes], by_vip: dict[bytes, str | None]) -> str:
    if not vips:
        return "it has no VIPs: its role file comes with its next change"
    here = [format_address(vip) for vip in vips if by_vip[vip] == MASTER]
    missing = [format_address(vip) for vip in vips if by_vip[vip] == BACKUP]
    if not here or not missing:
        return "its VIPs are on lo, where they say nothing: its role file comes with its next change"
    return f"of its VIPs {here[0]} is here, {missing[0]} is not: its role file comes with its next change"


def write_roles(found: RolesFound, state: str) -> list[str]:
    """Write the role files that say otherwise, or are not there; return the instances. OSError.

    What a script wrote that was started after the addresses were read stays.
    """
    if not found.roles:
        return []
    folder = open_state(state, "role")
    try:
        lock = _locked(folder)
        try:
            boot = _BOOT_ID.read_text().strip()
            written = [name for name, role in found.roles.items() if not _stands(folder, name, role, found.read, boot)]
            for name in written:
                role = found.roles[name]
                write_line(folder, name, f"{_FIRST[role]} {role.upper()} {found.read} 0 {boot}")
            return written
        finally:
            os.close(lock)
    finally:
        os.close(folder)


def _stands(folder: int, name: str, role: str, read: int, boot: str) -> bool:
    """Return whether the role file says the role already, or is newer than we are."""
    try:
        words = read_line(folder, name, _LINE_OCTETS).split()
    except (OSError, ValueError):
        return False
    if len(words) != 5 or words[4] != boot or not words[2].isascii() or not words[2].isdigit():
        return False
    started = int(words[2])
    return words[0] == _FIRST[role] or read <= started <= int(clock.uptime() * _TICKS)


def _locked(folder: int) -> int:
    """Return a descriptor that holds the scripts' lock until it is closed; OSError after 5 seconds.

    flock(1) takes it, as it does for the script: what it locks is the open file, which is ours, too.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    lock = os.open(_LOCK, flags, 0o600, dir_fd=folder)
    command = ("/usr/bin/flock", "-w", str(_LOCK_WAIT), str(lock))
    try:
        if subprocess.run(command, pass_fds=(lock,), stdin=subprocess.DEVNULL, check=False).returncode != 0:
            raise TimeoutError(f"no lock on the role files within {_LOCK_WAIT} s")
    except OSError:
        os.close(lock)
        raise
    return lock
