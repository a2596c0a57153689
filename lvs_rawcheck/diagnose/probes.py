# SPDX-License-Identifier: GPL-2.0-or-later
"""The probes that follow a check: what each asks, and how its answer reads.

They go out over the check's own link, so the packet socket is opened once, and root is given up before a frame
is read. The sender of every question is the director's own address, never the VIP. Where the check passed, only
the ARP leak is looked for. Bounded: WIRE_SECONDS for the frames, OWN_TCP_SECONDS for the connection.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Endpoint, Reason, Verdict
from lvs_rawcheck.checks.path import Path
from lvs_rawcheck.checks.standard import StandardFlow
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.diagnose.echo import EchoProbe
from lvs_rawcheck.diagnose.observations import Answer
from lvs_rawcheck.diagnose.questions import Question, ask_all
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.interface import Link
from lvs_rawcheck.link.sock_diag import listener
from lvs_rawcheck.neighbor.resolver import Resolver
from lvs_rawcheck.wire.address import IPV4_OCTETS, format_address, format_endpoint, format_mac

WIRE_SECONDS = 1.0  # three requests at 0.2 s, and the time to hear the last answer
OWN_TCP_SECONDS = 1.3  # the kernel repeats its SYN after 1 s (RFC 6298 2.1)

ECHO = "echo"
VIP_NEIGHBOUR = "vip_neighbour"
OWN_TCP = "own_tcp"
OWN_NEIGHBOUR = "own_neighbour"

_TCP_ANSWERS = {
    Reason.OK: Answer.CONNECTED,
    Reason.REFUSED: Answer.REFUSED,
    Reason.NO_ANSWER: Answer.SILENCE,
    Reason.NO_NEIGHBOUR: Answer.UNREACHABLE,
    Reason.NOT_ON_LINK: Answer.UNREACHABLE,
}


@dataclass(frozen=True)
class Probe:
    """One probe: which of the `Observations` it is, what it asked in words, and what came of it."""

    name: str
    question: str
    answer: Answer
    detail: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return what JSON says of it."""
        answer = self.answer.value
        return {"probe": self.name, "question": self.question, "answer": answer, "detail": self.detail}


def probe_wire(
    link: Link, path: Path, endpoint: Endpoint, real_ip: bytes, real_mac: bytes | None, healthy: bool
) -> list[Probe]:
    """Return the probes after a check on the wire, asked and answered.

    real_mac: where the check's frames went, None where nobody knew: then nothing is asked of the VIP.
    """
    asked = _vip_questions(link, path, endpoint.vip, real_mac, healthy)
    if not healthy:
        asked.append(_own_neighbour_question(link, path, real_ip, real_mac))
    questions = [question for _, _, question in asked if question is not None]
    trouble = ""
    try:
        ask_all(link, questions, clock.now() + WIRE_SECONDS)
    except LinkError as error:
        trouble = str(error)
    probes = [_answered(name, text, question, trouble) for name, text, question in asked]
    if not healthy:
        probes.append(probe_own_tcp(real_ip, endpoint.port, path.director_ip))
    return probes


def _answered(name: str, text: str, question: Question | None, trouble: str) -> Probe:
    if question is None:
        return Probe(name, text, Answer.NOT_ASKED)
    if trouble:
        return Probe(name, text, Answer.FAILED, trouble)
    return Probe(name, text, question.answer, question.detail)


def _vip_questions(
    link: Link, path: Path, vip: bytes, real_mac: bytes | None, healthy: bool
) -> list[tuple[str, str, Question | None]]:
    """Return what is asked of the VIP at the real server's MAC: an echo if the check failed, and who has it."""
    at = f"{format_address(vip)} at {format_mac(real_mac) if real_mac else 'an unknown MAC'}"
    leak = None
    if real_mac is not None and path.hears_neighbours:
        leak = Question(Resolver(vip, path.director_ip, link.own_mac, ask_mac=real_mac))
    questions: list[tuple[str, str, Question | None]] = [(VIP_NEIGHBOUR, f"{_who_has(vip)} {at}", leak)]
    if not healthy:
        echo = None
        if real_mac is not None:
            echo = Question(EchoProbe(vip, path.director_ip, real_mac, os.getpid() & 0xFFFF))
        questions.insert(0, (ECHO, f"{'ICMP' if len(vip) == IPV4_OCTETS else 'ICMPv6'} echo to {at}", echo))
    return questions


def _own_neighbour_question(
    link: Link, path: Path, real_ip: bytes, real_mac: bytes | None
) -> tuple[str, str, Question | None]:
    question = None
    if path.hears_neighbours:
        question = Question(Resolver(real_ip, path.director_ip, link.own_mac), real_mac)
    return OWN_NEIGHBOUR, f"{_who_has(real_ip)} {format_address(real_ip)}, asked of all", question


def _who_has(address: bytes) -> str:
    return "ARP who-has" if len(address) == IPV4_OCTETS else "neighbour solicitation for"


def probe_own_tcp(real_ip: bytes, port: int, director_ip: bytes) -> Probe:
    """Return what the kernel's own TCP makes of the real server's address and this port.

    director_ip: the source; left to itself the kernel may choose a VIP, and the server would answer to itself.
    """
    text = f"TCP connection to {format_endpoint(real_ip, port)}"
    try:
        deadline = clock.now() + OWN_TCP_SECONDS
        with StandardFlow(real_ip, port, TcpConversation(), deadline, director_ip) as flow:
            verdict = flow.run()
    except LinkError as error:
        return Probe(OWN_TCP, text, Answer.FAILED, str(error))
    return _own_tcp_probe(text, verdict)


def _own_tcp_probe(text: str, verdict: Verdict) -> Probe:
    answer = _TCP_ANSWERS.get(verdict.reason, Answer.SILENCE)
    return Probe(OWN_TCP, text, answer, verdict.detail if answer == Answer.UNREACHABLE else "")


def probe_own_listener(real_ip: bytes, port: int) -> Probe:
    """Return whether this host, the real server itself, listens on its own address; asked of the kernel."""
    text = f"a listener on {format_endpoint(real_ip, port)}"
    try:
        listening = listener(real_ip, port)
    except LinkError as error:
        return Probe(OWN_TCP, text, Answer.FAILED, str(error))
    return Probe(OWN_TCP, text, Answer.CONNECTED if listening else Answer.REFUSED)
