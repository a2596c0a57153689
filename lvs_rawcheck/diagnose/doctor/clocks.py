# SPDX-License-Identifier: GPL-2.0-or-later
"""The clocks. Verdicts go by the time since boot; the time of day only matters where a certificate's dates do."""

from __future__ import annotations

from lvs_rawcheck import clock
from lvs_rawcheck.diagnose.doctor.causes import found, instruction
from lvs_rawcheck.diagnose.doctor.section import Section
from lvs_rawcheck.diagnose.doctor.surroundings import Surroundings

UPTIME = "/proc/uptime"
_WRITTEN = 1_735_689_600.0  # 2025-01-01, before which this program was not
_APART_MOST = 2.0  # seconds


def clocks(_: Surroundings) -> Section:
    """Look at the time of day, and whether scripts and programs read the same time since boot."""
    section = Section("clocks")
    if clock.wall_now() < _WRITTEN:
        what = "this host believes in a time before this program was written"
        advice = "set the clock, and let something keep it (systemd-timesyncd, chrony)"
        section.findings.append(found("wall-clock", "time of day", what, [instruction(advice)]))
    try:
        with open(UPTIME, encoding="ascii") as file:
            told = float(file.read(64).split()[0])
    except (OSError, ValueError, IndexError) as error:
        section.gaps.append(f"{UPTIME}: {error}")
        return section
    apart = abs(clock.uptime() - told)
    section.looked_at = "time of day, /proc/uptime"
    if apart > _APART_MOST:
        what = f"{UPTIME} is {apart:.0f} s away from CLOCK_BOOTTIME"
        advice = "something shows another /proc/uptime, as lxcfs does in a container: run keepalived or ldirectord"
        advice += (
            " and the daemon where both see the same, or let lxcfs show the host's (no bind mount on /proc/uptime)"
        )
        section.findings.append(found("uptime-differs", UPTIME, what, [instruction(advice)]))
    return section
