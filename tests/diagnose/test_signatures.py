# SPDX-License-Identifier: GPL-2.0-or-later
"""The table by itself: complete, free of dead rows, and never at a loss for words."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from lvs_rawcheck.checks.base import REASONS, Reason
from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.observations import Answer, Observations, Place
from lvs_rawcheck.diagnose.signatures import SIGNATURES, UNCLEAR, find_cause
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_ICMPV6, PROTO_UDP

ECHO = (
    Answer.NOT_ASKED,
    Answer.SILENCE,
    Answer.REPLY,
    Answer.LOOPED,
    Answer.OTHER_MAC,
    Answer.REJECTED,
    Answer.UNREACHABLE,
    Answer.FAILED,
)
NEIGHBOUR = (Answer.NOT_ASKED, Answer.SILENCE, Answer.REPLY, Answer.OTHER_MAC, Answer.FAILED)
OWN_SERVICE = (
    Answer.NOT_ASKED,
    Answer.SILENCE,
    Answer.CONNECTED,
    Answer.PASSED,
    Answer.NOT_PASSED,
    Answer.REFUSED,
    Answer.UNREACHABLE,
    Answer.FAILED,
)
ERROR = {Reason.UNREACHABLE: (Answer.NOT_ASKED, Answer.REFUSED, Answer.REJECTED, Answer.UNREACHABLE)}
"""Only an ICMP error about what was sent makes the reason UNREACHABLE."""
ALL = [
    Observations(place, reason, *answers)
    for place, reason in product(Place, REASONS)
    for answers in product(ECHO, NEIGHBOUR, OWN_SERVICE, NEIGHBOUR, ERROR.get(reason, (Answer.NOT_ASKED,)))
]
ALL += [replace(seen, passed_over=True) for seen in ALL if seen.check == Reason.NO_ANSWER]
CAUSES = {value for name, value in vars(signatures).items() if name.isupper() and isinstance(value, str)}


def wire(
    check: str,
    echo: Answer,
    vip_neighbour: Answer,
    own_service: Answer,
    own_neighbour: Answer,
    error: Answer = Answer.NOT_ASKED,
) -> str:
    """Return the cause of what was seen on the wire."""
    return find_cause(Observations(Place.WIRE, check, echo, vip_neighbour, own_service, own_neighbour, error))


def test_every_combination_has_a_cause() -> None:
    assert {find_cause(seen) for seen in ALL} == CAUSES


def test_no_row_is_hidden_by_those_above_it() -> None:
    reached = {id(next((row for row in SIGNATURES if row.fits(seen)), None)) for seen in ALL}
    assert [row for row in SIGNATURES if id(row) not in reached] == []


def test_a_healthy_check_never_has_a_cause_of_failure() -> None:
    for seen in ALL:
        if seen.check == Reason.OK and seen.place != Place.NOWHERE:
            assert find_cause(seen) in (signatures.HEALTHY, signatures.ARP_LEAK)


def test_a_failed_check_is_never_called_healthy() -> None:
    for seen in ALL:
        if seen.check != Reason.OK:
            assert find_cause(seen) not in (signatures.HEALTHY, signatures.ARP_LEAK)


def test_our_own_fault_is_ours_wherever_it_happened() -> None:
    for seen in ALL:
        assert (find_cause(seen) == signatures.CANNOT_JUDGE) == (seen.check == Reason.CANNOT_JUDGE)


@pytest.mark.parametrize("echo", [Answer.REPLY, Answer.REJECTED])
def test_an_echo_proves_that_the_vip_is_there(echo: Answer) -> None:
    for vip, own_service in product(NEIGHBOUR, OWN_SERVICE):
        cause = wire(Reason.NO_ANSWER, echo, vip, own_service, Answer.REPLY)
        assert cause == signatures.FILTERED_PORT


def test_a_forwarder_that_finds_no_way_on_is_no_firewall() -> None:
    rest = (Answer.SILENCE, Answer.CONNECTED, Answer.REPLY)
    forwarder, firewall = Answer.UNREACHABLE, Answer.REJECTED
    assert wire(Reason.UNREACHABLE, Answer.UNREACHABLE, *rest) == signatures.VIP_MISSING_FORWARDING
    assert wire(Reason.UNREACHABLE, Answer.SILENCE, *rest, forwarder) == signatures.VIP_MISSING_FORWARDING
    assert wire(Reason.UNREACHABLE, Answer.SILENCE, *rest, firewall) == signatures.REJECTED
    assert wire(Reason.UNREACHABLE, Answer.REPLY, *rest, forwarder) == signatures.REJECTED


def test_once_the_vip_has_answered_its_own_address_decides() -> None:
    for check in (Reason.TIMEOUT, Reason.CLOSED, Reason.TLS, Reason.STATUS, Reason.RESPONSE):
        for own in OWN_SERVICE:
            differs = own == Answer.PASSED
            cause = wire(check, Answer.NOT_ASKED, Answer.SILENCE, own, Answer.NOT_ASKED)
            assert cause == (signatures.SERVICE_DIFFERS_BY_ADDRESS if differs else signatures.SERVICE_UNHEALTHY)


def test_a_ping_has_no_port_that_could_be_filtered() -> None:
    for protocol in (PROTO_ICMP, PROTO_ICMPV6):
        seen = Observations(Place.WIRE, Reason.NO_ANSWER, echo=Answer.REPLY, protocol=protocol)
        assert find_cause(seen) == UNCLEAR
        assert find_cause(replace(seen, protocol=PROTO_UDP)) == signatures.FILTERED_PORT


def test_a_host_that_came_back_meanwhile_is_unclear() -> None:
    answers = (Answer.NOT_ASKED, Answer.NOT_ASKED, Answer.CONNECTED, Answer.REPLY)
    assert wire(Reason.NO_NEIGHBOUR, *answers) == UNCLEAR


def test_a_probe_that_we_could_not_make_proves_nothing() -> None:
    """Nothing is said to be missing or down by the silence of questions that were never asked."""
    for check in (Reason.NO_ANSWER, Reason.NO_NEIGHBOUR):
        for unasked in (Answer.FAILED, Answer.NOT_ASKED):
            assert wire(check, unasked, unasked, Answer.FAILED, Answer.FAILED) == UNCLEAR
