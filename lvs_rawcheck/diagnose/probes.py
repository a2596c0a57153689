# SPDX-License-Identifier: GPL-2.0-or-later
"""The probes that follow a check: what each asks, and how its answer reads.

They go out over the check's own link, so the packet socket is opened once, and root is given up before a frame
is read. The sender of every question is the director's own address, never the VIP. Where the check passed, only
the ARP leak is looked for; where the VIP answered, what is left to ask is the service's own address. Bounded:
WIRE_SECONDS for the frames, then OWN_CONNECT_SECONDS or OWN_CHECK_SECONDS for that (diagnose/own_address.py).
"""

from __future__ import annotations

import os

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.checks.path import Path
from lvs_rawcheck.diagnose.echo import EchoProbe
from lvs_rawcheck.diagnose.observations import Answer
from lvs_rawcheck.diagnose.probe import ECHO, OWN_NEIGHBOUR, VIP_NEIGHBOUR, Probe
from lvs_rawcheck.diagnose.questions import Question, ask_all
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.interface import Link
from lvs_rawcheck.neighbor.resolver import Resolver
from lvs_rawcheck.wire.address import IPV4_OCTETS, format_address, format_mac

WIRE_SECONDS = 1.0  # three requests at 0.2 s, and the time to hear the last answer


def probe_wire(
    link: Link, path: Path, endpoint: Endpoint, real_ip: bytes, real_mac: bytes | None, answered: bool
) -> list[Probe]:
    """Return the probes on the wire after a check, asked and answered.

    real_mac: where the check's frames went, None where nobody knew: then nothing is asked of the VIP.
    answered: the VIP answered the check, well or not.
    """
    asked = _vip_questions(link, path, endpoint.vip, real_mac, answered)
    if not answered:
        asked.append(_own_neighbour_question(link, path, real_ip, real_mac))
    questions = [question for _, _, question in asked if question is not None]
    trouble = ""
    try:
        ask_all(link, questions, clock.now() + WIRE_SECONDS)
    except LinkError as error:
        trouble = str(error)
    return [_answered(name, text, question, trouble) for name, text, question in asked]


def _answered(name: str, text: str, question: Question | None, trouble: str) -> Probe:
    if question is None:
        return Probe(name, text, Answer.NOT_ASKED)
    if trouble:
        return Probe(name, text, Answer.FAILED, trouble)
    return Probe(name, text, question.answer, question.detail)


def _vip_questions(
    link: Link, path: Path, vip: bytes, real_mac: bytes | None, answered: bool
) -> list[tuple[str, str, Question | None]]:
    """Return what is asked of the VIP at the real server's MAC: an echo if it did not answer, and who has it."""
    at = f"{format_address(vip)} at {format_mac(real_mac) if real_mac else 'an unknown MAC'}"
    leak = None
    if real_mac is not None and path.hears_neighbours:
        leak = Question(Resolver(vip, path.director_ip, link.own_mac, ask_mac=real_mac))
    questions: list[tuple[str, str, Question | None]] = [(VIP_NEIGHBOUR, f"{_who_has(vip)} {at}", leak)]
    if not answered:
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
