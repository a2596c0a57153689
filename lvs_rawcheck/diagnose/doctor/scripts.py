# SPDX-License-Identifier: GPL-2.0-or-later
"""Scripts that keepalived would drop, or that would end as if all were well.

Reading list: check_script_secure and check_notify_script_secure in keepalived's lib/notify.c. It looks at the path's
owners only where enable_script_security is set; of ours we ask that always, since they run as root.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator
from errno import EACCES
from shlex import quote

from lvs_rawcheck.config.keepalived.model import GlobalSettings, Script
from lvs_rawcheck.diagnose.doctor.causes import command, found, instruction
from lvs_rawcheck.diagnose.doctor.section import Section
from lvs_rawcheck.diagnose.doctor.surroundings import Surroundings
from lvs_rawcheck.diagnose.finding import Finding
from lvs_rawcheck.diagnose.fix import Fix
from lvs_rawcheck.generate.keepalived.revert import scripts_of
from lvs_rawcheck.generate.scripts import script_fault

_DEFAULT_USER = "keepalived_script"
_OURS = ("verdict", "notify", "lvs-rawcheck", "check_tcp_raw", "check_http_get_raw", "check_http_raw")
_SHOWN = 4
_FIRST_LINE_OCTETS = 256  # BINPRM_BUF_SIZE, include/uapi/linux/binfmts.h


def scripts(here: Surroundings) -> Section:
    """Look at every script that the configuration names."""
    section = Section("scripts of keepalived")
    if here.keepalived is None:
        return section
    settings = here.keepalived.site.settings
    called: dict[tuple[str, str | None, str | None], list[Script]] = {}
    for script in scripts_of(here.keepalived):
        if script.argv:
            called.setdefault((script.argv[0], user_of(script, settings), script.group), []).append(script)
    section.looked_at = f"{len({path for path, _, _ in called})} scripts" if called else ""
    faults: dict[str, list[Script]] = {}
    for (path, user, group), calls in called.items():
        fault = _fault(path, user, group, settings)
        if fault is not None and is_hidden(fault):
            section.gaps.append(f"{fault} (this needs root)")
        elif fault is not None:
            faults.setdefault(fault, []).extend(calls)
    section.findings += [_finding(calls, fault) for fault, calls in faults.items()]
    return section


def is_hidden(fault: str) -> bool:
    """Return whether it is we, not being root, who may not look at a script."""
    return os.geteuid() != 0 and fault.endswith(os.strerror(EACCES))


def user_of(script: Script, settings: GlobalSettings) -> str | None:
    """Return whom keepalived runs a script as, None: root, or nobody where there is no such user."""
    if script.user is not None or settings.script_user is not None:
        return script.user or settings.script_user
    try:
        pwd.getpwnam(_DEFAULT_USER)
    except KeyError:
        return None
    return _DEFAULT_USER


def _fault(path: str, user: str | None, group: str | None, settings: GlobalSettings) -> str | None:
    """Return why keepalived would not run it, or not what is meant; None: it would."""
    is_guarded = settings.enable_script_security and user in (None, "root")
    if is_guarded or os.path.basename(path) in _OURS:
        return script_fault(path, user, group)
    try:
        if user is not None:
            pwd.getpwnam(user)
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode) or not mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH):
            return f"{path}: its user may not execute it"
        return _interpreter_fault(path)
    except KeyError:
        return f"{path}: there is no user {user!r} for it to run as"
    except (OSError, ValueError) as error:
        return f"{path}: {error.strerror if isinstance(error, OSError) else error}"


def _interpreter_fault(path: str) -> str | None:
    with open(path, "rb") as file:
        first = file.read(_FIRST_LINE_OCTETS).split(b"\n", 1)[0]
    words = first[2:].split() if first.startswith(b"#!") else []
    if words and not os.access(words[0], os.X_OK):
        return f"{path}: its interpreter does not run: {os.fsdecode(words[0])}"
    return None


def _finding(calls: list[Script], fault: str) -> Finding:
    """Return what is wrong with the script of some calls."""
    culprit, _, reason = fault.partition(": ")
    fixes = list(_fixes(culprit, reason, calls[0].argv[0]))
    also = [f"also at {script.span}" for script in calls[1:_SHOWN]]
    if len(calls) > _SHOWN:
        also.append(f"and at {len(calls) - _SHOWN} places more")
    return found("script-dropped", f"{calls[0].span}", fault, fixes, also)


def _fixes(culprit: str, reason: str, path: str) -> Iterator[Fix]:
    if reason == "others than root can write there":
        yield command(f"chmod go-w {quote(culprit)}")
    elif reason == "its user may not execute it" and os.path.isfile(culprit):
        yield command(f"chmod a+x {quote(culprit)}")  # who may read it, is whoever wrote it's to say
    else:
        yield instruction(f"put it right (namei -l {quote(path)} shows each part of its path), or correct the path")
    yield instruction("then reload keepalived: it looks at scripts only as it loads")
