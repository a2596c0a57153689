# SPDX-License-Identifier: GPL-2.0-or-later
"""The type of the fixture `play`."""

from __future__ import annotations

from typing import Protocol

from lvs_rawcheck.tcp.connection import Connection


class Play(Protocol):
    def __call__(self, *scripts: str, mss: int = 1460) -> Connection: ...
