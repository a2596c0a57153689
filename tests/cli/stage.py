# SPDX-License-Identifier: GPL-2.0-or-later
"""A drop-in command, and opposite it a real server on strings, which the test plays."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from lvs_rawcheck.wire.tcp import ACK, RST, SYN, Segment
from tests.cli.commands import Desk, Outcome
from tests.cli.puppet import Puppet
from tests.cli.site import DIRECTOR_IP, VIP
from tests.netns.roles import director
from tests.netns.topology import Host, Network

START_UP = 1.0  # seconds a process may take to start and end, on a busy machine


class Stage:
    """A director and a puppet; `start` begins a check of the puppet, which the test then answers.

    program: the command; words: its positionals.
    """

    def __init__(self, network: Network, desk: Desk, program: str, words: Sequence[str]) -> None:
        self.desk = desk
        self._program = program
        self._words = words
        self.director: Host = director(network, "director", [f"{DIRECTOR_IP}/24"], [VIP])
        self.puppet_host: Host = network.host("puppet")

    def start(self, *options: str) -> subprocess.Popen[str]:
        return self.desk.start(self.director, self._program, *self.desk.own_folders(), *options, *self._words)

    def finish(self, child: subprocess.Popen[str]) -> Outcome:
        return self.desk.finish(child)


def connect(puppet: Puppet, flags: int = SYN | ACK) -> Segment:
    """Play the handshake as the server; return the director's next segment: its ACK, or with -c its FIN."""
    syn = puppet.next_segment(wanted=SYN)
    puppet.answer(syn, flags)
    segment = puppet.next_segment()
    while segment.flags & SYN:  # sent again before our answer came
        segment = puppet.next_segment()
    assert segment.flags & (ACK | RST) == ACK
    assert segment.ack == puppet.iss + 1
    return segment
