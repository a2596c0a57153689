# SPDX-License-Identifier: GPL-2.0-or-later
"""What is asked after the checks, of which outcome: the questions of one explanation, put for all outcomes at once.

The same thing is asked once, however many cells want to know it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lvs_rawcheck.checks.base import Reason
from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.audit.asking import Asking
from lvs_rawcheck.diagnose.audit.own_sides import OwnSide, OwnSides
from lvs_rawcheck.diagnose.audit.probing import Outcome
from lvs_rawcheck.diagnose.observations import Answer
from lvs_rawcheck.diagnose.questions import Question
from lvs_rawcheck.wire.ip import PROTO_TCP, PROTO_UDP


@dataclass(slots=True)
class Inquired:
    """What is asked of one failed cell."""

    echo: Question | None = None
    answerer_echo: Question | None = None
    own_side: OwnSide | None = None
    uncertain_side: bool = False
    """The own side was asked by another protocol: only its silence tells."""


@dataclass(slots=True)
class Lengths:
    """A short and a full echo to a VIP that a real server is known to answer for: whether frames of all sizes pass."""

    echo: Question | None
    full_echo: Question | None


@dataclass(slots=True)
class Inquiries:
    """All that is asked after the checks. askings: by the id of a segment."""

    askings: dict[int, Asking]
    own_sides: OwnSides
    of_outcome: dict[int, Inquired] = field(default_factory=dict)
    lengths: dict[tuple[int, bytes], Lengths] = field(default_factory=dict)
    """By segment and real server."""
    announced: dict[tuple[bytes, bytes], str] = field(default_factory=dict)
    """Who spoke in a VIP's name, by VIP and MAC: the words."""

    def ask_for(self, outcome: Outcome) -> None:
        """Put the questions that an outcome leads to; who has VIP and real server is asked of any."""
        segment, request = outcome.segment, outcome.target.request
        if segment is None or not outcome.asked:
            return
        asking, endpoint = self.askings[id(segment)], request.endpoints[0]
        real_mac = segment.mac_of(request.real_ip)
        asking.owners(endpoint.vip)
        asking.owners(request.real_ip, real_mac)
        if outcome.reason == Reason.OK:
            self._ask_lengths(asking, (id(segment), request.real_ip), endpoint.vip, real_mac)
        if outcome.reason in (Reason.OK, Reason.CANNOT_JUDGE):
            return
        inquired = self.of_outcome[id(outcome)] = Inquired()
        if real_mac is not None:
            inquired.echo = asking.echo(endpoint.vip, real_mac)
        director_ip = segment.path.director_ip
        if outcome.reason in signatures.ANSWERED or outcome.protocol == PROTO_UDP:
            inquired.own_side = self.own_sides.check(request, endpoint, director_ip)
        elif endpoint.port:
            inquired.own_side = self.own_sides.connection(request, endpoint, director_ip)
            inquired.uncertain_side = outcome.protocol != PROTO_TCP

    def _ask_lengths(self, asking: Asking, server: tuple[int, bytes], vip: bytes, real_mac: bytes | None) -> None:
        if server not in self.lengths and real_mac is not None:
            self.lengths[server] = Lengths(asking.echo(vip, real_mac), asking.full_echo(vip, real_mac))

    def ask_answerers(self, outcomes: Sequence[Outcome]) -> bool:
        """Ask further what the first answers lead to; return whether there is something."""
        found = [self._ask_answerer(outcome) for outcome in outcomes]
        return any(found)

    def _ask_answerer(self, outcome: Outcome) -> bool:
        """Ask the machine that answers for the real server, where that is not the one that gets our frames."""
        segment, inquired = outcome.segment, self.of_outcome.get(id(outcome))
        if segment is None or inquired is None:
            return False
        request, asking = outcome.target.request, self.askings[id(segment)]
        if own_neighbour(asking, request.real_ip, segment.mac_of(request.real_ip)) != Answer.OTHER_MAC:
            return False
        holders = asking.owners(request.real_ip)
        assert holders is not None
        inquired.answerer_echo = asking.echo(request.endpoints[0].vip, holders.macs[0])
        return True


def own_neighbour(asking: Asking, real_ip: bytes, real_mac: bytes | None) -> Answer:
    """Return whether who gets our frames answers for the real server's own address."""
    holders = asking.owners(real_ip)
    if holders is None or holders.answer != Answer.REPLY or real_mac is None or real_mac in holders.macs:
        return answer_of(holders)
    return Answer.OTHER_MAC


def answer_of(question: Question | None) -> Answer:
    """Return what came of a question, NOT_ASKED where there is none."""
    return Answer.NOT_ASKED if question is None else question.answer
