# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon: enabled and there, of this program, followed by keepalived; what an upgrade or an operator left behind.

Reading list: lvs-rawcheck.state(5); templates/verdict, which follows `hold` for 120 s.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from shlex import quote

import lvs_rawcheck
from lvs_rawcheck import clock
from lvs_rawcheck.diagnose.doctor.causes import command, found, instruction
from lvs_rawcheck.diagnose.doctor.processes import DAEMON, Process, processes
from lvs_rawcheck.diagnose.doctor.section import Section
from lvs_rawcheck.diagnose.doctor.surroundings import Surroundings
from lvs_rawcheck.diagnose.finding import Finding
from lvs_rawcheck.director.mode import ENFORCE, override_names, read_override
from lvs_rawcheck.director.state_folder import read_line
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.generate.asking import ask
from lvs_rawcheck.generate.track_files import is_daemon_alive

_UNIT = "lvs-rawcheck.service"
_SECONDS_MOST = 10.0
_HOLD = "hold"
_HOLD_SECONDS = 120.0
_HOLD_OCTETS = 64
_START = f"systemctl restart {_UNIT}"
_SLACK_SECONDS = 2.0  # a program is installed and started at once


def daemon_state(here: Surroundings) -> Section:
    """Look at the daemon's unit and process, at keepalived's track files, at `hold` and at modes set by hand."""
    section = Section("daemon and modes")
    daemons = [each for each in processes()[0] if each.what == DAEMON]
    is_alive = is_daemon_alive(here.state)
    seen = [f"the daemon lives (process {each.pid})" for each in daemons[:1]] if is_alive else []
    if not is_alive:
        section.findings += _not_running(section)
        section.findings += _gone(here)
    section.findings += _outdated([each for each in daemons if each.program == here.program])
    section.findings += _hold(here)
    section.findings += _overrides(here)
    upgrade = "an upgrade is under way" if os.path.lexists(f"{here.state}/{_HOLD}") else "no upgrade under way"
    section.looked_at = ", ".join([*seen, "no mode set by hand", upgrade])
    return section


def _not_running(section: Section) -> Iterator[Finding]:
    try:
        enabled = ask("systemctl", ["systemctl", "is-enabled", _UNIT], "/", _SECONDS_MOST)
        active = ask("systemctl", ["systemctl", "is-active", _UNIT], "/", _SECONDS_MOST)
    except LinkError as error:
        section.gaps.append(f"whether the daemon is to run: {error}")
        return
    state = active.output.decode("ascii", "replace").strip()
    if enabled.output.strip() == b"enabled" and state not in ("active", "activating", "reloading"):
        fixes = [command(_START), instruction(f"if it ends again: journalctl -u {_UNIT}")]
        yield found("daemon-not-running", _UNIT, f"enabled, and {state or 'not active'}", fixes)


def _gone(here: Surroundings) -> Iterator[Finding]:
    """Yield a finding where keepalived goes by files that nobody writes."""
    told = [check for check in here.planned[0] if check.track_file is not None]
    if told:
        what = f"no sign of life in {here.state}/daemon, and {len(told)} FILE_CHECKs go by {here.state}/track"
        yield found("daemon-gone", told[0].place, what, [command(_START), instruction(f"journalctl -u {_UNIT}")])


def _outdated(daemons: list[Process]) -> Iterator[Finding]:
    """Yield the daemons that were started before the program was put here (its ctime: packages keep older mtimes)."""
    installed = os.stat(lvs_rawcheck.__file__).st_ctime
    for each in daemons:
        started = each.started()
        if started is not None and started + _SLACK_SECONDS < installed:
            what = f"it was started {installed - started:.0f} s before version {lvs_rawcheck.__version__} was installed"
            yield found("daemon-outdated", f"process {each.pid}", what, [command(_START)])


def _hold(here: Surroundings) -> Iterator[Finding]:
    path = f"{here.state}/{_HOLD}"
    try:
        folder = os.open(here.state, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            age = clock.uptime() - int(read_line(folder, _HOLD, _HOLD_OCTETS))
        finally:
            os.close(folder)
    except FileNotFoundError:
        return
    except (OSError, ValueError):
        age = -1.0
    if not 0 <= age <= _HOLD_SECONDS:
        what = (
            f"{_HOLD} was written {age:.0f} s ago" if age >= 0 else f"{_HOLD} is of an earlier boot, or cannot be read"
        )
        fixes = [
            instruction("end the upgrade: dpkg --configure -a; apt-get -f install"),
            command(f"rm -f {quote(path)}"),
        ]
        yield found("hold-left-behind", path, what, fixes)


def _overrides(here: Surroundings) -> Iterator[Finding]:
    for name in sorted(override_names(here.state)):
        path = f"{here.state}/mode/{name}"
        override, trouble = read_override(here.state, name)
        if trouble is not None:
            yield found("mode-override", path, trouble, [command(f"rm -f {quote(path)}")], why="it says nothing")
        elif override is not None and override.mode != ENFORCE:
            left = override.seconds_left()
            until = "until the next boot" if left is None else f"for {left:.0f} s more"
            is_known = name in here.registered.registry.services
            options = f"{here.services_option()}{here.state_option('--state')}"
            clear = f"lvs-rawcheck mode{options} {quote(name)} --clear" if is_known else f"rm -f {quote(path)}"
            yield found("mode-override", name, f"mode {override.mode} {until}", [command(clear)])
