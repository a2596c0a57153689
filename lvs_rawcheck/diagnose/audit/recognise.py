# SPDX-License-Identifier: GPL-2.0-or-later
"""Which program's configuration a path is, by what is in it: whatever it is called."""

from __future__ import annotations

import os
import re

from lvs_rawcheck.config.disk import Unusable, read_regular_file
from lvs_rawcheck.errors import ConfigSyntaxError, UsageError

KEEPALIVED, LDIRECTORD, REGISTRY = "keepalived", "ldirectord", "services"
PROGRAMS = (KEEPALIVED, LDIRECTORD, REGISTRY)
_OCTETS_LOOKED_AT = 4 << 20
_MARKS = {
    KEEPALIVED: rb"(?:virtual_server(?:_group)?|vrrp_instance|vrrp_sync_group|global_defs|include\w*)\b[^=\n]*$",
    LDIRECTORD: rb"(?:virtual6?|(?:check|negotiate)timeout|checkinterval|fallback6?|autoreload|quiescent)[ \t]*=",
    REGISTRY: rb"(?:\[\[(?:real_server|check)[\w.]*\]\]|endpoint[ \t]*=)",
}
"""How a line may begin that only one of them has."""


def program_of(path: str) -> str:
    """Return the program that a file or folder belongs to; UsageError: it cannot be told. ConfigSyntaxError."""
    if os.path.isdir(path):
        return REGISTRY
    octets = _octets(path)
    found = [program for program, mark in _MARKS.items() if re.search(rb"^[ \t]*" + mark, octets, re.MULTILINE)]
    if len(found) == 1:
        return found[0]
    whose = " and ".join(found) if found else "neither keepalived, ldirectord nor the registry"
    raise UsageError(f"{path} looks like a configuration of {whose}: say which by --program")


def _octets(path: str) -> bytes:
    try:
        return read_regular_file(path).octets[:_OCTETS_LOOKED_AT]
    except Unusable as error:
        raise ConfigSyntaxError(path, 0, 0, f"cannot be read: {error}") from error
