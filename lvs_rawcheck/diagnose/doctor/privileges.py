# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may open packet sockets: root here, the programs that start checks, the users that checks run as."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Iterator

from lvs_rawcheck.diagnose.doctor.causes import found, instruction
from lvs_rawcheck.diagnose.doctor.processes import DAEMON, LDIRECTORD, Process, processes
from lvs_rawcheck.diagnose.doctor.scripts import user_of
from lvs_rawcheck.diagnose.doctor.section import Section
from lvs_rawcheck.diagnose.doctor.surroundings import Surroundings
from lvs_rawcheck.diagnose.finding import Finding
from lvs_rawcheck.director.privileges import DAEMON_USER, may_open_packet_sockets
from lvs_rawcheck.generate.track_files import is_daemon_alive

_UNITS = {DAEMON: "lvs-rawcheck", LDIRECTORD: "ldirectord"}


def privileges(here: Surroundings) -> Section:
    """Look at ourselves, at running programs, and at the users of the configuration."""
    section = Section("privileges")
    running, hidden = processes()
    seen = [f"{each.what} (process {each.pid})" for each in running]
    if os.geteuid() != 0:
        section.gaps.append("whether root may open packet sockets: doctor was not started by root")
    elif not may_open_packet_sockets():
        what = "root here has no CAP_NET_RAW"
        advice = "give this container or unit CAP_NET_RAW (docker: --cap-add NET_RAW; systemd: CapabilityBoundingSet=)"
        section.findings.append(found("no-net-raw", "this host", what, [instruction(advice)]))
    else:
        seen.insert(0, "root")
    if hidden:
        section.gaps.append(f"{hidden} processes, which may be keepalived or the daemon: this needs root")
    section.findings += _of_programs(running)
    section.findings += _of_users(here)
    section.looked_at = f"{', '.join(seen)}: CAP_NET_RAW" if seen else ""
    return section


def _of_programs(running: list[Process]) -> Iterator[Finding]:
    by_program: dict[str, list[Process]] = {}
    for each in running:
        if not each.privileged:
            by_program.setdefault(each.what, []).append(each)
    for what, lacking in by_program.items():
        unit = _UNITS.get(what, what)
        advice = f"take what narrows CapabilityBoundingSet= out of its unit (systemctl cat {unit}), then restart it"
        shown = f"process {lacking[0].pid} has no CAP_NET_RAW"
        yield found("program-without-net-raw", what, shown, [instruction(advice)])


def _of_users(here: Surroundings) -> Iterator[Finding]:
    """Yield the checks that run as somebody who can neither open packet sockets nor ask the daemon."""
    if here.keepalived is None:
        return
    asks_daemon = is_daemon_alive(here.state)
    settings = here.keepalived.site.settings
    by_user: dict[str, list[str]] = {}
    for check in here.planned[0]:
        script = check.checker.script
        user = user_of(script, settings) if script is not None else None
        if user is not None and _is_nobody(user) and not (asks_daemon and _may_ask(user)):
            by_user.setdefault(user, []).append(f"{check.label} ({check.place})")
    for user, labels in by_user.items():
        more = f" and {len(labels) - 1} more" if len(labels) > 1 else ""
        what = f"it runs as {user}{more and ', as do others'}"
        advice = f"write `user root` into its MISC_CHECK; or run the daemon, and put {user} into the group lvs-rawcheck"
        yield found("check-user", f"{labels[0]}{more}", what, [instruction(advice)])


def _is_nobody(user: str) -> bool:
    """Return whether a user is there, and is not root: a missing one is the script's fault."""
    try:
        return pwd.getpwnam(user).pw_uid != 0
    except (KeyError, ValueError):
        return False


def _may_ask(user: str) -> bool:
    """Return whether the daemon answers a user: its own, or a member of its group."""
    name = DAEMON_USER.decode()
    try:
        group = grp.getgrnam(name)
        return user == name or user in group.gr_mem or pwd.getpwnam(user).pw_gid == group.gr_gid
    except (KeyError, ValueError):
        return False
