# SPDX-License-Identifier: GPL-2.0-or-later
"""What a plan costs the director: checks a second, and processors.

CPU time of one check in a process of its own, by kind, and of keepalived's fork; measured on a virtual machine of two
processors (`make bench` prints such figures for any machine). Read the result as an order of magnitude.
"""

from __future__ import annotations

from collections.abc import Iterable

from lvs_rawcheck.generate.options import INLINE, SERVICE
from lvs_rawcheck.generate.plan import PlannedCheck

_OF_FORK = 0.0014  # seconds: keepalived's fork of the simplest program
_OF_REGISTRY = 0.012  # to read one service file
_BY_KIND = {"tcp": 0.029, "http": 0.060, "https": 0.071, "dns": 0.076}
_OF_OTHERS = 0.050


def checks_a_second(checks: Iterable[PlannedCheck]) -> float:
    """Return how many processes a second keepalived starts for these checks."""
    return sum(1 / check.times.after.delay_loop for check in checks)


def processors(checks: Iterable[PlannedCheck], style: str) -> float:
    """Return how many processors these checks keep busy."""
    return sum(processor_seconds(check, style) / check.times.after.delay_loop for check in checks)


def processor_seconds(check: PlannedCheck, style: str = SERVICE) -> float:
    """Return the CPU time of one run, the fork included."""
    of_style = 0.0 if style == INLINE else _OF_REGISTRY
    return _OF_FORK + max(_BY_KIND.get(kind, _OF_OTHERS) for kind in check.kinds) + of_style
