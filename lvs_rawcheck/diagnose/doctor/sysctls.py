# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's settings under /proc/sys, of this network namespace.

Reading list: Documentation/networking/ip-sysctl.rst: what of net.ipv4.conf.all counts for each interface differs from
setting to setting: the larger of both, either of both, or one alone.
"""

from __future__ import annotations

from shlex import quote

from lvs_rawcheck.diagnose.doctor.causes import command, instruction
from lvs_rawcheck.diagnose.fix import Fix

ROOT = "/proc/sys"
_OCTETS_MOST = 4096
ALL = "all"


class Sysctls:
    """Reads them. missing: those that could not be read, and why."""

    def __init__(self) -> None:
        self.missing: dict[str, str] = {}

    def number(self, *name: str) -> int | None:
        """Return a setting, None where it cannot be read. name: its parts, an interface being one."""
        try:
            with open("/".join((ROOT, *name)), "rb") as file:
                return int(file.read(_OCTETS_MOST))
        except OSError as error:
            self.missing[setting(*name)] = error.strerror or "cannot be read"
        except ValueError:
            self.missing[setting(*name)] = "is no number"
        return None

    def larger(self, interface: str, name: str) -> int:
        """Return what holds for an interface where the larger counts: rp_filter, arp_ignore, arp_announce, and where
        either switches it on: log_martians. (IN_DEV_MAXCONF, IN_DEV_ORCONF: include/linux/inetdevice.h)
        """
        each = (self.number("net", "ipv4", "conf", scope, name) for scope in (ALL, interface))
        return max((value for value in each if value is not None), default=0)


def setting(*name: str) -> str:
    """Return how sysctl(8) names a setting: with slashes where a part has a dot, as VLAN interfaces do."""
    return ("/" if any("." in part for part in name) else ".").join(name)


def to_set(value: int, *name: str) -> Fix:
    """Return the command that sets one until the next boot."""
    return command(f"sysctl -w {quote(f'{setting(*name)}={value}')}")


def to_keep() -> Fix:
    """Return what makes the commands before it last."""
    return instruction(
        "to keep it after a boot, write the same NAME = VALUE into a file of /etc/sysctl.d, and look for another file"
        " that says otherwise (grep -r NAME /etc/sysctl.conf /etc/sysctl.d)"
    )
