# SPDX-License-Identifier: GPL-2.0-or-later
"""The table by itself: complete, free of dead rows, and never at a loss for words."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product

import pytest

from lvs_rawcheck.checks.base import REASONS, Reason
from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.observations import Answer, Observations, Place
from lvs_rawcheck.diagnose.signatures import BESIDE, SIGNATURES, UNCLEAR, find_causes
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
VIP_NEIGHBOUR = (Answer.SILENCE, Answer.REPLY)
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
    for answers in product(ECHO, VIP_NEIGHBOUR, OWN_SERVICE, NEIGHBOUR, ERROR.get(reason, (Answer.NOT_ASKED,)))
]
ALL += [replace(seen, passed_over=True) for seen in ALL if seen.check == Reason.NO_ANSWER]
BESIDES = [
    {"full_echo": Answer.REPLY},
    {"full_echo": Answer.SILENCE},
    {"full_echo": Answer.UNREACHABLE},
    {"answerer_echo": Answer.REPLY},
    {"answerer_echo": Answer.SILENCE},
    {"others": Answer.OTHER_MAC},
    {"announced": Answer.REPLY},
    {"again": Answer.PASSED},
    {"again": Answer.LOOPED},
    {"again": Answer.OTHER_MAC},
]
_PLAIN = [seen for seen in ALL if seen.vip_neighbour == Answer.SILENCE and seen.place == Place.WIRE]
ALL += [replace(seen, **besides) for seen in _PLAIN for besides in BESIDES]
FAULTS_OF_THE_CHECK = {row.cause for row in SIGNATURES} | {UNCLEAR}
TOLD_BY_ANSWERS = set(signatures.PATH_ORDER) - {*signatures.FROM_CONFIGURATION, *signatures.OF_SEVERAL_SERVERS}


@cache
def causes_of(seen: Observations) -> list[str]:
    """Return what is found, worked out once for all tests."""
    return find_causes(seen)


def first_cause(seen: Observations) -> str:
    """Return what is named first."""
    return causes_of(seen)[0]


def wire(
    check: str,
    echo: Answer,
    vip_neighbour: Answer,
    own_service: Answer,
    own_neighbour: Answer,
    error: Answer = Answer.NOT_ASKED,
) -> str:
    """Return the cause of what was seen on the wire."""
    return first_cause(Observations(Place.WIRE, check, echo, vip_neighbour, own_service, own_neighbour, error))


def test_every_combination_has_a_cause() -> None:
    assert {first_cause(seen) for seen in ALL} == TOLD_BY_ANSWERS


def test_no_row_is_hidden_by_those_above_it() -> None:
    reached = {id(next((row for row in SIGNATURES if row.fits(seen)), None)) for seen in ALL}
    assert [row for row in SIGNATURES if id(row) not in reached] == []


def test_every_row_beside_them_is_reached_and_always_told() -> None:
    for row in BESIDE:
        told = [seen for seen in ALL if row.fits(seen)]
        assert told
        assert all(row.cause in causes_of(seen) for seen in told if seen.check != Reason.CANNOT_JUDGE)


def test_causes_come_in_path_order_each_once() -> None:
    for seen in ALL:
        causes = causes_of(seen)
        assert causes == sorted(set(causes), key=signatures.PATH_ORDER.index)
        assert len(causes) == 1 or not {signatures.HEALTHY, signatures.CANNOT_JUDGE} & set(causes)


def test_a_check_that_passed_has_only_faults_that_let_it_pass() -> None:
    others = {row.cause for row in BESIDE if Reason.OK in row.check}
    for seen in ALL:
        if seen.check == Reason.OK and seen.place != Place.NOWHERE:
            assert {signatures.HEALTHY, *others} >= set(causes_of(seen))


def test_why_a_check_failed_is_always_among_the_causes() -> None:
    for seen in ALL:
        if seen.check not in (Reason.OK, Reason.CANNOT_JUDGE):
            causes = causes_of(seen)
            assert signatures.HEALTHY not in causes
            assert FAULTS_OF_THE_CHECK & set(causes)


def test_our_own_fault_is_ours_wherever_it_happened() -> None:
    for seen in ALL:
        assert (first_cause(seen) == signatures.CANNOT_JUDGE) == (seen.check == Reason.CANNOT_JUDGE)


@pytest.mark.parametrize("echo", [Answer.REPLY, Answer.REJECTED])
def test_an_echo_proves_that_the_vip_is_there(echo: Answer) -> None:
    for vip, own_service in product(VIP_NEIGHBOUR, OWN_SERVICE):
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
        assert first_cause(seen) == UNCLEAR
        assert first_cause(replace(seen, protocol=PROTO_UDP)) == signatures.FILTERED_PORT


def test_a_host_that_came_back_meanwhile_is_unclear() -> None:
    answers = (Answer.NOT_ASKED, Answer.NOT_ASKED, Answer.CONNECTED, Answer.REPLY)
    assert wire(Reason.NO_NEIGHBOUR, *answers) == UNCLEAR


def test_a_probe_that_we_could_not_make_proves_nothing() -> None:
    """Nothing is said to be missing or down by the silence of questions that were never asked."""
    for check in (Reason.NO_ANSWER, Reason.NO_NEIGHBOUR):
        for unasked in (Answer.FAILED, Answer.NOT_ASKED):
            assert wire(check, unasked, unasked, Answer.FAILED, Answer.FAILED) == UNCLEAR
