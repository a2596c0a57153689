# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory that is not needed any more, given back to the host: malloc_trim(3).

A reload reads everything, and throws most of it away. What is allocated meanwhile comes to lie between, so the C
library's heap would grow with each reload by what lies free in it. C libraries other than glibc have no such call.
"""

from __future__ import annotations

import ctypes

_KEPT_OCTETS = 0  # at the top of the heap

_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)


def give_back() -> None:
    """Give back what lies free."""
    if _trim is not None:
        _trim(ctypes.c_size_t(_KEPT_OCTETS))
