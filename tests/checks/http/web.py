# SPDX-License-Identifier: GPL-2.0-or-later
"""The responder on a host of a topology."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tests.netns.topology import Host

_RESPONDER = Path(__file__).with_name("responder.py")


def start_responder(host: Host, port: int, addresses: Sequence[str]) -> None:
    """Return once the responder listens; the end of the Network ends it."""
    child = host.popen([sys.executable, "-I", "-S", str(_RESPONDER), str(port), *addresses])
    assert child.stdout is not None
    assert child.stdout.readline() == "READY\n", "the responder did not start"
