# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from lvs_rawcheck.tcp.connection import Connection
from tests.tcp.play import Play
from tests.tcp.script import Player

# Our first sequence number and the peer's: plain ones, then such that the numbers wrap in the SYN, in the
# first octets, in the middle of what the scripts send, and pass the sign bit.
FIRST_NUMBERS = [
    (1000, 500000),
    (2**32 - 1, 2**32 - 1),
    (2**32 - 2, 2**32 - 51),
    (2**32 - 1500, 2**32 - 2000),
    (2**31 - 1, 2**31 - 700),
    (0, 0),
]


@pytest.fixture(params=FIRST_NUMBERS, ids=lambda pair: f"iss={pair[0]},irs={pair[1]}")
def play(request: pytest.FixtureRequest) -> Play:
    """A function that plays scripts, one after the other, joined; it returns the connection."""
    iss, irs = request.param

    def run(*scripts: str, mss: int = 1460) -> Connection:
        player = Player(iss, irs, mss)
        player.play("".join(scripts))
        return player.connection

    return run
