# SPDX-License-Identifier: GPL-2.0-or-later
"""The matrix and the findings as lines for a terminal of any width."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lvs_rawcheck.checks.base import Endpoint, Reason, Result, Verdict
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.audit.model import Audit, Cell, Target
from lvs_rawcheck.diagnose.audit.text import text_lines
from lvs_rawcheck.diagnose.finding import ERROR, Finding
from lvs_rawcheck.diagnose.fix import THIS_HOST, Fix
from lvs_rawcheck.wire.address import parse_address


def _cell(real: str, vip: str, port: int, cause: str = signatures.HEALTHY, protocol: str = "tcp") -> Cell:
    endpoint = Endpoint(parse_address(vip), port)
    request = Request("tcp", (TcpConversation,), parse_address(real), [endpoint])
    reason = Reason.OK if cause == signatures.HEALTHY else Reason.NO_ANSWER
    result = Result("tcp", request.real_ip, endpoint, Verdict(reason, ""))
    return Cell(Target(request, "here", protocol=protocol), result, cause)


def _lines(cells: list[Cell], width: int = 120, **more: object) -> list[str]:
    audit = Audit("a test", cells, seconds=1.0)
    for name, value in more.items():
        setattr(audit, name, value)
    return list(text_lines(audit, width))


def test_causes_stand_in_full_where_there_is_room() -> None:
    cells = [
        _cell("10.0.0.41", "10.0.0.100", 80),
        _cell("10.0.0.41", "10.0.0.100", 53, protocol="udp"),
        _cell("10.0.0.42", "10.0.0.100", 80, signatures.SERVICE_DOWN),
    ]
    assert _lines(cells)[2:7] == [
        "             10.0.0.100",
        "real server  80            53/udp",
        "10.0.0.41    .             .",
        "10.0.0.42    service-down",
        ". healthy",
    ]


def test_else_letters_do_and_are_explained() -> None:
    vips = [f"10.0.0.{100 + number}" for number in range(3)]
    cells = [_cell("10.0.0.41", vip, port) for vip in vips for port in (80, 443)]
    cells += [
        _cell("10.0.0.42", vips[0], 80, signatures.SERVICE_DOWN),
        _cell("10.0.0.42", vips[1], 443, signatures.VIP_MISSING_OR_FILTERED),
    ]
    assert _lines(cells, 60)[2:7] == [
        "             10.0.0.100  10.0.0.101  10.0.0.102",
        "real server  80  443     80  443     80  443",
        "10.0.0.41    .   .       .   .       .   .",
        "10.0.0.42    A               B",
        ". healthy  A service-down  B vip-missing-or-filtered",
    ]


def test_what_is_still_too_wide_is_cut_between_vips() -> None:
    cells = [_cell("10.0.0.41", f"10.0.0.{100 + number}", 80) for number in range(10)]
    lines = _lines(cells, 60)
    assert all(len(line) <= 60 for line in lines)
    heads = [line.split() for line in lines if line.strip().startswith("10.0.0.1")]
    assert [len(head) for head in heads] == [4, 4, 2]
    assert [vip for head in heads for vip in head] == [f"10.0.0.{100 + number}" for number in range(10)]


def test_of_many_servers_those_that_are_healthy_are_counted() -> None:
    cells = [_cell(f"10.1.0.{number}", "10.0.0.100", 80) for number in range(1, 200)]
    cells.append(_cell("10.1.0.200", "10.0.0.100", 80, signatures.HOST_DOWN))
    assert _lines(cells)[2:7] == [
        "             10.0.0.100",
        "real server  80",
        "10.1.0.200   host-down",
        "199 real servers more, healthy at every VIP and port",
        ". healthy",
    ]


def test_servers_that_share_nothing_have_tables_of_their_own() -> None:
    lines = _lines([_cell("10.0.0.41", "10.0.0.100", 80), _cell("2001:db8::41", "2001:db8::100", 80)])
    assert sum(line.startswith("real server") for line in lines) == 2


def test_a_finding_is_told_whole_and_its_command_is_not_broken() -> None:
    command = "sysctl -w " + " ".join(f"net.ipv4.conf.eth{number}.arp_ignore=1" for number in range(6))
    finding = Finding(
        signatures.ARP_LEAK, ERROR, "10.0.0.42", "Something is wrong.", ["one", "two"], [Fix("10.0.0.42", command)]
    )
    finding.fixes.append(Fix(THIS_HOST, instruction="look again"))
    assert _lines([], 60, findings=[finding])[2:8] == [
        "error: arp-leak: 10.0.0.42",
        "    Something is wrong.",
        "    seen: one",
        "    seen: two",
        f"    fix: on 10.0.0.42: {command}",
        "         on this director, by hand: look again",
    ]


def test_what_a_person_must_do_keeps_to_the_width() -> None:
    fix = Fix(THIS_HOST, instruction="look for the rule that takes it, " * 8)
    finding = Finding(signatures.FILTERED_PORT, ERROR, "10.0.0.42", "Something is wrong.", [], [fix])
    assert max(map(len, _lines([], 60, findings=[finding]))) <= 60


def test_what_was_asked_in_place_of_the_sites_own_checks_is_counted() -> None:
    cells = [_cell("10.0.0.41", "10.0.0.100", port) for port in (80, 443)]
    for cell in cells:
        cell.target = replace(cell.target, instead="asked by tcp: it is a script")
    assert _lines(cells)[-4:] == [
        "",
        "note: 2 cells asked by tcp: it is a script",
        "",
        "2 asked in 1.0 s, 2 healthy, nothing wrong",
    ]


def test_gaps_and_notes_come_last_and_what_is_partial_says_so() -> None:
    lines = _lines([], notes=["by NAT"], gaps=["interrupted"])
    assert lines[-4:] == [
        "note: by NAT",
        "",
        "partial: interrupted",
        "0 asked in 1.0 s, 0 healthy, nothing wrong; partial",
    ]


@pytest.mark.parametrize("width", [1, 40, 80, 500])
def test_no_word_of_a_stranger_speaks_to_the_terminal(width: int) -> None:
    finding = Finding(
        "unclear", ERROR, "10.0.0.42", "\x1b[2J\u202e sentence", ["220 \x1b]0;owned\x07"], [Fix("a", "\x1b[m")]
    )
    lines = _lines([_cell("10.0.0.41", "10.0.0.100", 80)], width, findings=[finding], gaps=["\x9b1m"])
    assert all(line.isprintable() for line in lines)
