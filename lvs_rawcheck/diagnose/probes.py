# SPDX-License-Identifier: GPL-2.0-or-later
"""The probes that follow a check: what each asks, and how its answer reads.

They go out over the check's own link, so the packet socket is opened once, and root is given up before a frame
is read. The sender of every question is the director's own address, never the VIP. Whatever the check brought, it is
looked whether frames of full length pass, who answers for the VIP, and that who gets our frames answers for the real
server's own address. Bounded: WIRE_SECONDS, and
AFTERWARDS_SECONDS where another machine answered; then OWN_CONNECT_SECONDS or OWN_CHECK_SECONDS for the service's own
address (diagnose/own_address.py).
"""

from __future__ import annotations

import os
from dataclasses import replace

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.checks.path import Path
from lvs_rawcheck.checks.roles import roles_by_vip
from lvs_rawcheck.diagnose.echo import DATA, EchoProbe, data_to_fill
from lvs_rawcheck.diagnose.observations import Answer
from lvs_rawcheck.diagnose.owners import OwnersProbe
from lvs_rawcheck.diagnose.probe import (
    ANSWERER_ECHO,
    ECHO,
    FULL_ECHO,
    OTHERS,
    OWN_NEIGHBOUR,
    VIP_NEIGHBOUR,
    Probe,
)
from lvs_rawcheck.diagnose.questions import Question, ask_all
from lvs_rawcheck.director.role import MASTER
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.interface import Link
from lvs_rawcheck.link.rtnetlink import Netlink
from lvs_rawcheck.wire.address import IPV4_OCTETS, format_address, format_mac

WIRE_SECONDS = 1.0  # three requests at 0.2 s, and the time to hear the last answer
AFTERWARDS_SECONDS = 0.7
_KERNEL_SECONDS = 1.0  # for each answer of the kernel's


class WireProbes:
    """The probes of one real server and VIP.

    real_mac: where the check's frames went, None where nobody knew: then nothing is asked of the VIP but who has it.
    """

    def __init__(self, link: Link, path: Path, endpoint: Endpoint, real_ip: bytes, real_mac: bytes | None) -> None:
        self._link = link
        self._path = path
        self._vip = endpoint.vip
        self._real_ip = real_ip
        self._real_mac = real_mac
        self.server_macs = {real_mac} if real_mac is not None else set()
        """Whom to take for the real server: who gets our frames, and once asked, who answered for its address."""
        self._trouble = ""

    def ask(self) -> list[Probe]:
        """Return them, asked and answered."""
        echo, full_echo = self._echo(self._real_mac), self._echo(self._real_mac, self._path.interface.mtu)
        owners, holders = self._owners(self._vip), self._owners(self._real_ip)
        self._ask([echo, full_echo, owners, holders], WIRE_SECONDS)
        own_neighbour = self._own_neighbour(holders)
        if holders is not None:
            self.server_macs.update(holders.macs)
        probes = [
            self._answered(ECHO, f"{self._echo_to} {self._at(self._real_mac)}", echo),
            self._answered(
                FULL_ECHO, f"{self._echo_to} {self._at(self._real_mac)}, {self._path.interface.mtu} octets", full_echo
            ),
            *self._vip_owners(owners),
            own_neighbour,
        ]
        if own_neighbour.answer == Answer.OTHER_MAC and holders is not None:
            answerer = holders.macs[0]
            again = self._echo(answerer)
            self._ask([again], AFTERWARDS_SECONDS)
            probes.append(self._answered(ANSWERER_ECHO, f"{self._echo_to} {self._at(answerer)}", again))
        return probes

    def _ask(self, questions: list[Question | None], seconds: float) -> None:
        try:
            ask_all(self._link, [question for question in questions if question is not None], clock.now() + seconds)
        except LinkError as error:
            self._trouble = str(error)

    def _answered(self, name: str, text: str, question: Question | None) -> Probe:
        """Return a question with its answer as it is. None: it could not be asked."""
        if question is None:
            return Probe(name, text, Answer.NOT_ASKED)
        if self._trouble:
            return Probe(name, text, Answer.FAILED, self._trouble)
        return Probe(name, text, question.answer, question.detail)

    def _echo(self, mac: bytes | None, mtu: int = 0) -> Question | None:
        """Return an echo to the VIP at a MAC; mtu: octets that its packet is to have, 0: as it comes."""
        if mac is None:
            return None
        identifier = (os.getpid() + bool(mtu)) & 0xFFFF
        data = data_to_fill(mtu, self._vip) if mtu else DATA
        return Question(EchoProbe(self._vip, self._path.director_ip, mac, identifier, data))

    def _owners(self, address: bytes) -> Question | None:
        """Return who has an address, asked of all, and of the real server's MAC once more."""
        if not self._path.hears_neighbours:
            return None
        return Question(OwnersProbe(address, self._path.director_ip, self._link.own_mac, self._real_mac))

    def _vip_owners(self, owners: Question | None) -> list[Probe]:
        """Return whether the real server answers for the VIP, and whether others do who ought not to."""
        leak = self._answered(VIP_NEIGHBOUR, f"{_who_has(self._vip)} {self._at(self._real_mac)}", owners)
        others = self._answered(OTHERS, f"{_who_has(self._vip)} {format_address(self._vip)}, asked of all", owners)
        if owners is None or self._trouble:
            return [leak, others]
        leaking = [format_mac(mac) for mac in owners.macs if mac in self.server_macs]
        leak_answer = Answer.REPLY if leaking else Answer.SILENCE if self.server_macs else Answer.NOT_ASKED
        active, strangers = self._census(owners.macs)
        if leaking and not active and not strangers:  # the one that answers is the director, and a real server besides
            return [
                replace(leak, answer=Answer.NOT_ASKED),
                replace(others, answer=Answer.REPLY, detail=", ".join(leaking)),
            ]
        detail = ", ".join(map(format_mac, strangers))
        answer = Answer.SILENCE
        if strangers:  # the active director is one of them, unless that is this host
            answer = Answer.OTHER_MAC if active or len(strangers) > 1 else Answer.REPLY
        return [
            replace(leak, answer=leak_answer, detail=", ".join(leaking)),
            replace(others, answer=answer, detail=detail),
        ]

    def _census(self, macs: tuple[bytes, ...]) -> tuple[bool, list[bytes]]:
        """Return whether this host is the active director, and who else has the VIP, the real server left out."""
        own_macs, active = _this_host(self._vip)
        return active, [mac for mac in macs if mac not in self.server_macs | own_macs]

    def _own_neighbour(self, holders: Question | None) -> Probe:
        """Return whether who gets our frames answers for the real server's own address."""
        text = f"{_who_has(self._real_ip)} {format_address(self._real_ip)}, asked of all"
        probe = self._answered(OWN_NEIGHBOUR, text, holders)
        if probe.answer != Answer.REPLY or holders is None or self._real_mac in (None, *holders.macs):
            return probe
        return replace(probe, answer=Answer.OTHER_MAC)

    @property
    def _echo_to(self) -> str:
        return f"{'ICMP' if len(self._vip) == IPV4_OCTETS else 'ICMPv6'} echo to"

    def _at(self, mac: bytes | None) -> str:
        return f"{format_address(self._vip)} at {format_mac(mac) if mac else 'an unknown MAC'}"


def _this_host(vip: bytes) -> tuple[set[bytes], bool]:
    """Return the MACs of this host, and whether it is active by the VIP; where that cannot be asked, none and no."""
    try:
        with Netlink() as netlink:
            macs = {interface.mac for interface in netlink.interfaces()}
        return macs, roles_by_vip([vip], _KERNEL_SECONDS)[vip] == MASTER  # on lo real servers have it
    except LinkError:
        return set(), False


def _who_has(address: bytes) -> str:
    return "ARP who-has" if len(address) == IPV4_OCTETS else "neighbour solicitation for"
